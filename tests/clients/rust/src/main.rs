// rust_socketio: the steps of tests/clients. Arguments: the server's URL, a transport, and "restart"
// for a client that only connects, and connects again after a restart of the server.
use std::sync::mpsc::{channel, Receiver};
use std::sync::Mutex;
use std::time::Duration;

use rust_socketio::{ClientBuilder, Payload, RawClient, TransportType};
use serde_json::{json, Value};

const PATIENCE: Duration = Duration::from_secs(30);

fn wait(heard: &Receiver<Payload>, wanted: &Payload) -> Result<(), String> {
    match heard.recv_timeout(PATIENCE) {
        Ok(got) if got == *wanted => Ok(()),
        Ok(got) => Err(format!("got {:?}", got)),
        Err(_) => Err("nothing arrived".to_string()),
    }
}

fn text(args: &[Value]) -> Payload {
    Payload::Text(args.to_vec())
}

fn report(step: &str, outcome: Result<(), String>) {
    println!("{}\t{}", step, outcome.err().unwrap_or("ok".to_string()));
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let transport = match arguments[2].as_str() {
        "polling" => TransportType::Polling,
        "websocket" => TransportType::Websocket,
        _ => TransportType::Any,
    };
    let restart = arguments.get(3).is_some_and(|mode| mode == "restart");
    let (sender, heard) = channel::<Payload>();
    let mut builder = ClientBuilder::new(arguments[1].as_str())
        .transport_type(transport)
        .reconnect(restart)
        .reconnect_delay(100, 500)
        .auth(json!({"welcome": true}))
        .on("question", |_: Payload, client: RawClient| {
            // There is no way to acknowledge an event of the server.
            let _ = client.emit("note", json!("no ack"));
        });
    for event in ["echo", "welcome", "answered", "burst"] {
        let sender = Mutex::new(sender.clone());
        builder = builder.on(event, move |payload: Payload, _: RawClient| {
            let _ = sender.lock().unwrap().send(payload);
        });
    }
    let client = match builder.connect() {
        Ok(client) => client,
        Err(error) => return report("connect", Err(error.to_string())),
    };
    report("connect", wait(&heard, &text(&[json!({"welcome": true})])));
    if restart {
        return report("reconnects", wait(&heard, &text(&[json!({"welcome": true})])));
    }

    let sent = client.emit("echo", text(&[json!("ü"), json!(7)])).map_err(|e| e.to_string());
    report("text", sent.and_then(|_| wait(&heard, &text(&[json!("ü"), json!(7)]))));

    let bytes = Payload::Binary(vec![0, 1, 255].into());
    let sent = client.emit("echo", bytes.clone()).map_err(|e| e.to_string());
    report("bytes", sent.and_then(|_| wait(&heard, &bytes)));

    let (sender, answered) = channel::<Payload>();
    let sender = Mutex::new(sender);
    let sent = client
        .emit_with_ack("reply", json!("a"), PATIENCE, move |payload: Payload, _: RawClient| {
            let _ = sender.lock().unwrap().send(payload);
        })
        .map_err(|e| e.to_string());
    report("acknowledged", sent.and_then(|_| wait(&answered, &text(&[json!(["a"])]))));

    let sent = client.emit("burst", text(&[json!(40), json!(0)])).map_err(|e| e.to_string());
    let mut outcome = sent;
    for number in 0..40 {
        outcome = outcome.and_then(|_| wait(&heard, &text(&[json!(number)])));
    }
    report("burst", outcome);

    let _ = client.emit("ask", json!("why"));
    report("acknowledges", wait(&heard, &text(&[json!("answer")])));
    let _ = client.disconnect();
}
