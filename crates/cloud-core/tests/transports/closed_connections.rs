//! A server that closes idle connections at the worst moments: a request is never written twice, and one that was not
//! written goes to another connection.
//!
//! The runtime has one thread, and the tests block it to stop the client, so that the order of events is fixed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use cloud_core::transport::{BuiltInTransport, Stage};
use tokio::io::AsyncReadExt as _;

use super::{GOOD, builder, receive, request, serve};

each_transport!(
    open_connection_is_used_again,
    request_written_to_a_closed_connection_is_not_written_again,
    request_not_yet_written_goes_to_another_connection,
    request_read_and_not_answered_is_not_written_again,
);

/// What the server does with the first connection after its first answer.
#[derive(Clone, Copy, Debug)]
enum End {
    /// Answers again.
    Answer,
    Close,
    /// Closes with something unread, which resets the connection.
    Reset,
    /// Says that it has waited for too long, and closes.
    Timeout,
    /// Reads so many bytes of the next request, or all of it, and closes.
    Read(usize),
}

/// The server, seen from the test.
struct Server {
    url: String,
    /// Ends the first connection; answered by [`ended`](Self::ended) when that is done.
    end: Sender<()>,
    ended: Receiver<()>,
    /// The requests that were read, each with the number of its connection.
    seen: Receiver<(usize, String)>,
    /// The address of something that becomes readable once [`ended`](Self::ended) is known.
    bell: String,
}

impl Server {
    fn start(end: End) -> Self {
        let (order, ordered) = channel();
        let (done, ended) = channel();
        let (found, seen) = channel();
        let (bell, rung) = channel::<TcpStream>();
        let bell = serve(move |stream| drop(bell.send(stream)));
        let first = Arc::new(Mutex::new(Some((ordered, done, rung))));
        let connections = Arc::new(AtomicUsize::new(0));
        let address = serve(move |mut stream| {
            let number = connections.fetch_add(1, Ordering::SeqCst) + 1;
            let Some((ordered, done, rung)) = first.lock().unwrap().take() else {
                return answer_all(&mut stream, number, &found);
            };
            let received = receive_head(&mut stream);
            found.send((number, received)).unwrap();
            stream.write_all(GOOD.as_bytes()).unwrap();
            ordered.recv().unwrap();
            match end {
                End::Answer => {
                    done.send(()).unwrap();
                    return answer_all(&mut stream, number, &found);
                }
                // The body of the first request is still unread.
                End::Close => {
                    let _ = stream.read(&mut [0; 100]).unwrap();
                }
                End::Reset => {}
                End::Timeout => {
                    let _ = stream.read(&mut [0; 100]).unwrap();
                    stream.write_all(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n").unwrap();
                }
                End::Read(bytes) => {
                    let _ = stream.read(&mut [0; 100]).unwrap();
                    done.send(()).unwrap();
                    let read = match bytes {
                        usize::MAX => receive(&mut stream).map(|received| received.line().to_owned()),
                        _ => stream.read_exact(&mut vec![0; bytes]).ok().map(|()| "part".to_owned()),
                    };
                    return found.send((number, read.unwrap())).unwrap();
                }
            }
            drop(stream);
            // After the connection is closed, so that the client sees the close first.
            rung.recv().unwrap().write_all(b"!").unwrap();
            done.send(()).unwrap();
        });
        Self { url: format!("http://{address}/keys"), end: order, ended, seen, bell }
    }

    fn seen(&self) -> Vec<(usize, String)> {
        self.seen.try_iter().collect()
    }

    /// Closes the first connection while the client is stopped.
    fn end_connection(&self) {
        self.end.send(()).unwrap();
        self.ended.recv().unwrap();
    }
}

fn answer_all(stream: &mut TcpStream, number: usize, found: &Sender<(usize, String)>) {
    while let Some(received) = receive(stream) {
        // The first request's body may be left over.
        let line = received.line().trim_start_matches("body").to_owned();
        found.send((number, line)).unwrap();
        stream.write_all(GOOD.as_bytes()).unwrap();
    }
}

/// Reads a head and leaves the body.
fn receive_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap().lines().next().unwrap().to_owned()
}

const FIRST: &str = "PUT /keys HTTP/1.1";
const SECOND: &str = "POST /keys HTTP/1.1";

/// Makes a call, whose connection is idle afterwards.
async fn warm_up<T: BuiltInTransport>(transport: &T, server: &Server) {
    transport.send(request("PUT", &server.url, "body")).await.unwrap();
    // Lets the tasks of the connection come to rest.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.seen(), [(1, FIRST.to_owned())]);
}

async fn open_connection_is_used_again<T: BuiltInTransport>() {
    let (server, transport) = (Server::start(End::Answer), builder::<T>().build().unwrap());
    warm_up(&transport, &server).await;
    server.end_connection();
    transport.send(request("POST", &server.url, "{}")).await.unwrap();
    assert_eq!(server.seen(), [(1, SECOND.to_owned())]);
}

async fn request_written_to_a_closed_connection_is_not_written_again<T: BuiltInTransport>() {
    for end in [End::Close, End::Reset] {
        let (server, transport) = (Server::start(end), builder::<T>().build().unwrap());
        let _bell = tokio::net::TcpStream::connect(&server.bell).await.unwrap();
        warm_up(&transport, &server).await;
        server.end_connection();
        // The client has not looked at its sockets since, so it writes.
        let error = transport.send(request("POST", &server.url, "{}")).await.unwrap_err();
        assert_eq!(error.stage, Stage::PossiblySent, "{end:?}: {error}");
        assert_eq!(error.to_string(), "the connection ended without a response", "{end:?}");
        assert_eq!(server.seen(), [], "{end:?}: written again");
    }
}

async fn request_not_yet_written_goes_to_another_connection<T: BuiltInTransport>() {
    for end in [End::Close, End::Reset, End::Timeout] {
        let (server, transport) = (Server::start(end), builder::<T>().build().unwrap());
        let mut bell = tokio::net::TcpStream::connect(&server.bell).await.unwrap();
        warm_up(&transport, &server).await;
        server.end_connection();
        // The client learns of both at once, and this task goes on before that of the connection.
        bell.read_u8().await.unwrap();
        transport.send(request("POST", &server.url, "{}")).await.unwrap();
        assert_eq!(server.seen(), [(2, SECOND.to_owned())], "{end:?}");
    }
}

async fn request_read_and_not_answered_is_not_written_again<T: BuiltInTransport>() {
    for (bytes, read) in [(1, "part"), (40, "part"), (usize::MAX, SECOND)] {
        let (server, transport) = (Server::start(End::Read(bytes)), builder::<T>().build().unwrap());
        warm_up(&transport, &server).await;
        server.end_connection();
        let error = transport.send(request("POST", &server.url, "{}")).await.unwrap_err();
        assert_eq!(error.stage, Stage::PossiblySent, "{error}");
        assert_eq!(server.seen(), [(1, read.to_owned())]);
    }
}
