// Clients of Java's socket.io-client for scripts/soak. Arguments: URL, number of clients. Ends when its
// standard input ends; prints what went wrong, and the number of right answers at the end.

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.socket.client.AckWithTimeout;
import io.socket.client.IO;
import io.socket.client.Socket;
import java.net.URI;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import okhttp3.OkHttpClient;
import org.json.JSONArray;
import org.json.JSONObject;

public class Clients {
  static final String[][] WAYS = {{"polling"}, {"websocket"}, {"polling", "websocket"}};
  static final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
  static final AtomicLong answers = new AtomicLong();
  static volatile boolean ended = false;

  public static void main(String[] args) throws Exception {
    Client[] clients = new Client[Integer.parseInt(args[1])];
    for (int number = 0; number < clients.length; ++number) {
      clients[number] = new Client(args[0], number);
    }
    while (System.in.read() != -1) continue;
    ended = true;
    for (Client client : clients) client.socket.disconnect();
    timer.shutdown();
    timer.awaitTermination(5, SECONDS);
    System.out.println("answers " + answers);
    System.exit(0);  // the client's threads do not end on their own
  }

  static class Client {
    final Socket socket;
    final int number;
    final Random dice;
    final Map<String, Integer> last = new HashMap<>();  // of the socket's thread
    int turn = 0;

    Client(String url, int number) {
      this.number = number;
      dice = new Random(number);
      IO.Options options =
          IO.Options.builder()
              .setTransports(WAYS[number % 3])
              .setForceNew(true)
              .setReconnectionDelay(100)
              .setReconnectionDelayMax(1000)
              .build();
      // OkHttp would send a POST again after a reset, so that its events could arrive twice. One for
      // each client, because it makes at most five requests to a host at the same time.
      OkHttpClient http =
          new OkHttpClient.Builder().readTimeout(60, SECONDS).retryOnConnectionFailure(false).build();
      options.callFactory = http;
      options.webSocketFactory = http;
      socket = IO.socket(URI.create(url), options);
      // The client (2.1.2) gives an event that it has buffered its own name as first argument.
      socket.on("said", args -> hear((String) args[args.length - 2], (Integer) args[args.length - 1]));
      socket.connect();
      timer.schedule(this::ask, dice.nextInt(500), MILLISECONDS);
    }

    void hear(String speaker, int spoken) {
      Integer before = last.put(speaker, spoken);
      if (before != null && spoken <= before) {
        System.out.println("out of order: " + speaker + " " + spoken);
      }
    }

    void ask() {
      if (ended) return;
      Object sent = payload();
      if (++turn % 5 == 0 && socket.connected()) socket.emit("say", "java-" + number, turn);
      socket.emit(
          "reply",
          new Object[] {sent},
          new AckWithTimeout(20000) {
            @Override
            public void onTimeout() {
              again();  // cut off: there need not be an answer
            }

            @Override
            public void onSuccess(Object... got) {
              if (got.length == 1 && plain(got[0]).equals(plain(sent))) answers.incrementAndGet();
              else System.out.println("a wrong answer");
              again();
            }
          });
    }

    void again() {
      if (!ended) timer.schedule(this::ask, dice.nextInt(500), MILLISECONDS);
    }

    Object payload() {
      switch (dice.nextInt(4)) {
        case 0:
          return new byte[dice.nextInt(1000)];
        case 1:
          return "ü".repeat(dice.nextInt(100000));
        case 2:
          return new JSONObject(Map.of("deep", new JSONArray().put(1).put(JSONObject.NULL)));
        default:
          return dice.nextInt();
      }
    }
  }

  // Converts a value to one with a useful equals().
  static Object plain(Object value) {
    return value instanceof byte[] ? Arrays.toString((byte[]) value) : String.valueOf(value);
  }
}
