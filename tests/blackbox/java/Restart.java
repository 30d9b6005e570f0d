// The Java client over each transport while the server at args[0] is restarted. Lines on stdout:
// "connected TRANSPORT" for each connection, the second one after the restart.

import io.socket.client.IO;
import io.socket.client.Socket;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;

public class Restart {
  public static void main(String[] args) throws Exception {
    Map<String, String[]> transports = new LinkedHashMap<>();
    transports.put("polling", new String[] {"polling"});
    transports.put("websocket", new String[] {"websocket"});
    transports.put("upgrade", new String[] {"polling", "websocket"});
    for (Map.Entry<String, String[]> transport : transports.entrySet()) {
      IO.Options options =
          IO.Options.builder()
              .setTransports(transport.getValue())
              .setForceNew(true)
              .setReconnectionDelay(100)
              .setReconnectionDelayMax(500)
              .build();
      Socket socket = IO.socket(URI.create(args[0]), options);
      socket.on(Socket.EVENT_CONNECT, ignored -> connected(transport.getKey()));
      socket.connect();
    }
    System.in.read();  // until the test closes stdin
    System.exit(0);  // the client's threads do not end on their own
  }

  static synchronized void connected(String transport) {
    System.out.println("connected " + transport);
  }
}
