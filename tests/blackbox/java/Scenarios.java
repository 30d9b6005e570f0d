// The Java client against the server at args[0], over each transport. A line on stdout for each
// scenario: its transport, its name, and "ok" or what has failed.

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.socket.client.Ack;
import io.socket.client.AckWithTimeout;
import io.socket.client.IO;
import io.socket.client.Manager;
import io.socket.client.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import okhttp3.OkHttpClient;
import org.json.JSONArray;
import org.json.JSONObject;

public class Scenarios {
  interface Scenario {
    void run(Clients clients) throws Exception;
  }

  static final Map<String, String[]> TRANSPORTS = new LinkedHashMap<>();
  static final Map<String, Scenario> SCENARIOS = new LinkedHashMap<>();

  static {
    TRANSPORTS.put("polling", new String[] {"polling"});
    TRANSPORTS.put("websocket", new String[] {"websocket"});
    TRANSPORTS.put("upgrade", new String[] {"polling", "websocket"});
    SCENARIOS.put("connects with auth", Scenarios::connectsWithAuth);
    SCENARIOS.put("is refused", Scenarios::isRefused);
    SCENARIOS.put("echoes text", Scenarios::echoesText);
    SCENARIOS.put("sends binary", Scenarios::sendsBinary);
    SCENARIOS.put("acknowledges in both directions", Scenarios::acknowledgesInBothDirections);
    SCENARIOS.put("keeps the order in rooms", Scenarios::keepsTheOrderInRooms);
    SCENARIOS.put("shares one connection", Scenarios::sharesOneConnection);
    SCENARIOS.put("sends large messages", Scenarios::sendsLargeMessages);
    SCENARIOS.put("is disconnected by the server", Scenarios::isDisconnectedByTheServer);
    SCENARIOS.put("disconnects and reconnects", Scenarios::disconnectsAndReconnects);
    SCENARIOS.put("reconnects when cut off", Scenarios::reconnectsWhenCutOff);
  }

  public static void main(String[] args) {
    for (Map.Entry<String, String[]> transport : TRANSPORTS.entrySet()) {
      for (Map.Entry<String, Scenario> scenario : SCENARIOS.entrySet()) {
        Clients clients = new Clients(args[0], transport.getValue());
        String outcome = "ok";
        try {
          scenario.getValue().run(clients);
        } catch (Exception | AssertionError failure) {
          outcome = failure + " at " + Arrays.toString(failure.getStackTrace());
        } finally {
          clients.close();
        }
        System.out.println(String.join("\t", transport.getKey(), scenario.getKey(), outcome));
      }
    }
    System.exit(0);  // the client's threads do not end on their own
  }

  // The connections of one scenario.
  static class Clients {
    final String url;
    final String[] transports;
    final List<Socket> opened = new ArrayList<>();

    Clients(String url, String[] transports) {
      this.url = url;
      this.transports = transports;
    }

    IO.Options options() {
      return IO.Options.builder()
          .setTransports(transports)
          .setForceNew(true)
          .setReconnection(false)
          .build();
    }

    Client make(String namespace, IO.Options options) {
      return new Client(track(IO.socket(URI.create(url + namespace), options)));
    }

    Client connected(String namespace, IO.Options options) throws Exception {
      Client client = make(namespace, options);
      client.connect();
      return client;
    }

    Client connected() throws Exception {
      return connected("/", options());
    }

    Socket track(Socket socket) {
      opened.add(socket);
      return socket;
    }

    void close() {
      for (Socket socket : opened) socket.disconnect();
    }
  }

  // One socket, and the events that it received: [event, arguments...].
  static class Client {
    final Socket socket;
    final BlockingQueue<List<Object>> heard = new LinkedBlockingQueue<>();
    final BlockingQueue<List<Object>> fate = new LinkedBlockingQueue<>();

    Client(Socket socket) {
      this.socket = socket;
      socket.onAnyIncoming(args -> heard.add(Arrays.asList(args)));
      for (String event :
          new String[] {
            Socket.EVENT_CONNECT, Socket.EVENT_DISCONNECT, Socket.EVENT_CONNECT_ERROR
          }) {
        socket.on(event, args -> fate.add(withName(event, args)));
      }
    }

    void connect() throws Exception {
      socket.connect();
      expect("connect", nextFate().get(0));
    }

    List<Object> nextFate() throws Exception {
      return next(fate);
    }

    List<Object> hears() throws Exception {
      return next(heard);
    }

    List<Object> call(String event, Object... args) throws Exception {
      BlockingQueue<List<Object>> answers = new LinkedBlockingQueue<>();
      Ack ack = answer -> answers.add(Arrays.asList(answer));
      socket.emit(event, args, ack);
      return next(answers);
    }

    static <T> T next(BlockingQueue<T> queue) throws Exception {
      T item = queue.poll(30, SECONDS);
      if (item == null) throw new AssertionError("nothing has come");
      return item;
    }

    static List<Object> withName(String event, Object[] args) {
      List<Object> all = new ArrayList<>(List.of(event));
      all.addAll(Arrays.asList(args));
      return all;
    }
  }

  static void expect(Object expected, Object found) {
    if (!plain(expected).equals(plain(found))) {
      throw new AssertionError("expected " + plain(expected) + ", found " + plain(found));
    }
  }

  // Converts a value to one with a useful equals() and toString().
  static Object plain(Object value) {
    if (value instanceof byte[]) return "bytes " + Arrays.toString((byte[]) value);
    if (value instanceof JSONObject || value instanceof JSONArray) return value.toString();
    if (value instanceof List) {
      List<Object> items = new ArrayList<>();
      for (Object item : (List<?>) value) items.add(plain(item));
      return items;
    }
    return String.valueOf(value);
  }

  static IO.Options with(IO.Options options, String name, String value) {
    options.auth = Map.of(name, value);
    return options;
  }

  static void connectsWithAuth(Clients clients) throws Exception {
    Client client = clients.connected("/", with(clients.options(), "token", "geheim ✓"));
    JSONObject seen = (JSONObject) client.call("describe").get(0);
    expect("geheim ✓", seen.getJSONObject("auth").getString("token"));
    expect(client.socket.id(), seen.getString("id"));
  }

  static void isRefused(Clients clients) throws Exception {
    Client client = clients.make("/", with(clients.options(), "message", "too late"));
    client.socket.connect();
    List<Object> fate = client.nextFate();
    expect("connect_error", fate.get(0));
    expect("too late", ((JSONObject) fate.get(1)).getString("message"));

    Client lost = clients.make("/nowhere", clients.options());
    lost.socket.connect();
    expect("Invalid namespace", ((JSONObject) lost.nextFate().get(1)).getString("message"));
  }

  static void echoesText(Clients clients) throws Exception {
    Client client = clients.connected();
    JSONObject tree = new JSONObject("{\"日本\":[1,2.5,null,true,{\"a\":\"🎉 \\u0000 \\u001e\"}]}");
    for (Object[] args : new Object[][] {{}, {"ü"}, {1, true, tree}, {new JSONArray("[[],{}]")}}) {
      client.socket.emit("echo", args);
      expect(Client.withName("echo", args), client.hears());
    }
  }

  static void sendsBinary(Clients clients) throws Exception {
    Client client = clients.connected();
    byte[] first = {0, 1, 2, -1};
    byte[] second = {};
    client.socket.emit("echo", first, "between", second);
    expect(List.of("echo", first, "between", second), client.hears());
    expect(List.of(second, first), client.call("reply", second, first));
    JSONObject nested = new JSONObject().put("deep", new JSONArray().put(first));
    JSONObject back = (JSONObject) client.call("reply", nested).get(0);
    expect(first, back.getJSONArray("deep").get(0));
  }

  static void acknowledgesInBothDirections(Clients clients) throws Exception {
    Client client = clients.connected();
    expect(List.of(), client.call("quiet"));
    expect(List.of(1, "two"), client.call("reply", 1, "two"));
    expect("{\"error\":\"Internal server error\"}", client.call("fail").get(0));
    client.socket.on("question", args -> ((Ack) args[args.length - 1]).call("answer", args[0]));
    client.socket.emit("ask", "why");
    expect("question", client.hears().get(0));
    expect(List.of("answered", "answer", "why"), client.hears());

    BlockingQueue<String> outcomes = new LinkedBlockingQueue<>();
    client.socket.emit(
        "never answered",
        new Object[] {},
        new AckWithTimeout(50) {
          @Override
          public void onTimeout() {
            outcomes.add("timed out");
          }

          @Override
          public void onSuccess(Object... args) {
            outcomes.add("answered");
          }
        });
    expect("timed out", Client.next(outcomes));
  }

  static void keepsTheOrderInRooms(Clients clients) throws Exception {
    String room = "room " + UUID.randomUUID();
    Client speaker = clients.connected();
    Client listener = clients.connected();
    listener.call("join", room);
    for (int number = 0; number < 100; ++number) {
      if (number % 4 == 0) speaker.socket.emit("say", room, number, new byte[] {(byte) number});
      else speaker.socket.emit("say", room, number);
    }
    for (int number = 0; number < 100; ++number) expect(number, listener.hears().get(1));
    expect(List.of(), speaker.call("reply"));
    expect(0, speaker.heard.size());
  }

  static void sharesOneConnection(Clients clients) throws Exception {
    Manager manager = new Manager(URI.create(clients.url), clients.options());
    Client root = new Client(clients.track(manager.socket("/")));
    Client chat = new Client(clients.track(manager.socket("/chat")));
    root.connect();
    chat.connect();
    chat.socket.emit("echo", "there");
    root.socket.emit("echo", "here");
    expect(List.of("chat echo", "there"), chat.hears());
    expect(List.of("echo", "here"), root.hears());
    chat.socket.disconnect();
    expect(List.of("still here"), root.call("reply", "still here"));
  }

  static void sendsLargeMessages(Clients clients) throws Exception {
    Client client = clients.connected();
    String text = "x".repeat(999_900);
    expect(text, client.call("reply", text).get(0));
    byte[] bytes = new byte[740_000];
    Arrays.fill(bytes, (byte) 7);
    expect(bytes, client.call("reply", (Object) bytes).get(0));
  }

  static void isDisconnectedByTheServer(Clients clients) throws Exception {
    Client client = clients.connected();
    client.socket.emit("kick", true);
    expect(List.of("last words"), client.hears());
    expect(List.of("disconnect", "io server disconnect"), client.nextFate());
  }

  static void disconnectsAndReconnects(Clients clients) throws Exception {
    Client client = clients.connected();
    String first = client.socket.id();
    // It comes later, and would also end the next connection.
    BlockingQueue<String> closed = new LinkedBlockingQueue<>();
    client.socket.io().once(Manager.EVENT_CLOSE, args -> closed.add("closed"));
    client.socket.disconnect();
    expect(List.of("disconnect", "io client disconnect"), client.nextFate());
    Client.next(closed);
    client.connect();
    if (first.equals(client.socket.id())) throw new AssertionError("the same id again");
    expect(List.of("again"), client.call("reply", "again"));
  }

  static void reconnectsWhenCutOff(Clients clients) throws Exception {
    OkHttpClient http = new OkHttpClient.Builder().readTimeout(60, SECONDS).build();
    IO.Options options = clients.options();
    options.callFactory = http;
    options.webSocketFactory = http;
    options.reconnection = true;
    options.reconnectionDelay = 20;
    Client client = clients.connected("/", options);
    // On polling there may be no request for a short time.
    while (client.fate.isEmpty()) {
      http.dispatcher().cancelAll();
      client.heard.poll(20, MILLISECONDS);
    }
    expect("disconnect", client.nextFate().get(0));
    expect("connect", client.nextFate().get(0));
    expect(List.of("again"), client.call("reply", "again"));
  }
}
