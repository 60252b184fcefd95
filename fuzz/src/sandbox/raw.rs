//! Requests that are the fuzzer's from the first byte to the last.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};

/// Reads a request as it would come over a socket; nothing where no HTTP library would let it pass.
pub(super) fn request(bytes: &[u8]) -> Option<Request<Bytes>> {
    let (head, body) = match bytes.windows(2).position(|pair| pair == b"\n\n") {
        Some(end) => (&bytes[..end], &bytes[end + 2..]),
        None => (bytes, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let method = Method::from_bytes(first.next()?).ok()?;
    let uri = Uri::try_from(first.next()?).ok()?;
    let mut request = Request::new(Bytes::copy_from_slice(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    for line in lines {
        let middle = line.iter().position(|byte| *byte == b':')?;
        let value = HeaderValue::from_bytes(line[middle + 1..].trim_ascii()).ok()?;
        request.headers_mut().append(HeaderName::from_bytes(&line[..middle]).ok()?, value);
    }
    Some(request)
}
