//! A loopback server that returns fixed bytes, so that a benchmark measures the caller.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

/// Starts the server on a separate thread and returns its address. It ends with the process.
///
/// A POST gets `post`, every other request `get`, both JSON. Connections stay open.
///
/// # Errors
/// If it cannot listen on the loopback.
pub fn start(post: &str, get: &str) -> io::Result<SocketAddr> {
    let (post, get) = (answer(post), answer(get));
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().name("server".to_owned()).spawn(move || {
        if let Err(error) = serve(&post, &get, &sender) {
            // The receiver is gone once it has the address.
            let _ = sender.send(Err(error));
        }
    })?;
    receiver.recv().map_err(io::Error::other)?
}

fn serve(post: &[u8], get: &[u8], started: &mpsc::Sender<io::Result<SocketAddr>>) -> io::Result<()> {
    // Leaked once per process, so that connections borrow the responses.
    let post: &'static [u8] = Vec::leak(post.to_vec());
    let get: &'static [u8] = Vec::leak(get.to_vec());
    Builder::new_current_thread().enable_io().build()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let _ = started.send(listener.local_addr());
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(connection(stream, post, get));
        }
    })
}

fn answer(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

async fn connection(mut stream: TcpStream, post: &'static [u8], get: &'static [u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 << 10);
    loop {
        let length = loop {
            if let Some(length) = request_length(&buffer).filter(|length| *length <= buffer.len()) {
                break length;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let bytes = if buffer.starts_with(b"POST ") { post } else { get };
        buffer.drain(..length);
        stream.write_all(bytes).await?;
    }
}

/// Returns the length of the first request, once its head is complete.
fn request_length(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let lines = buffer.get(..head)?.split(|byte| *byte == b'\n');
    let body = lines.filter_map(content_length).next().unwrap_or(0);
    Some(head + 4 + body)
}

fn content_length(line: &[u8]) -> Option<usize> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::request_length;

    #[test]
    fn request_length_includes_head_and_body() {
        assert_eq!(request_length(b"GET / HTTP/1.1\r\nhost: x\r\n"), None);
        assert_eq!(request_length(b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET"), Some(27));
        assert_eq!(request_length(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"), Some(43));
    }
}
