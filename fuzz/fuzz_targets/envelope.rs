//! Messages of `cloud-envelope`: any bytes, and genuine messages that were changed, in memory and as a stream.
//!
//! The first byte chooses. What opens is one of the genuine messages, whole.

#![no_main]

use std::sync::LazyLock;

use cloud_core::{BoxFuture, DataKey, DataKeySource, Result, SecretBytes, WrappedKey};
use cloud_envelope::Sealer;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

/// One data key.
#[derive(Debug)]
struct Source;

impl DataKeySource for Source {
    fn provider(&self) -> &str {
        "fuzz"
    }

    fn key_id(&self) -> &str {
        "key"
    }

    fn can_unwrap(&self, _: &WrappedKey) -> bool {
        true
    }

    fn generate(&self) -> BoxFuture<'_, Result<Option<DataKey>>> {
        Box::pin(async { Ok(Some(DataKey::new([7; 32], b"wrapped".to_vec()))) })
    }

    fn wrap_key<'a>(&'a self, _: &'a SecretBytes) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async { Ok(b"wrapped".to_vec()) })
    }

    fn unwrap_key<'a>(&'a self, _: &'a WrappedKey, _: &'a [u8]) -> BoxFuture<'a, Result<SecretBytes>> {
        Box::pin(async { Ok(SecretBytes::from([7; 32])) })
    }
}

struct World {
    runtime: Runtime,
    sealer: Sealer,
    /// Messages, and what they were sealed from.
    genuine: Vec<(Vec<u8>, Vec<u8>)>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let sealer = Sealer::builder(Source).frame_length(16).max_frame_length(1 << 20).build().unwrap();
    let genuine = [0, 1, 16, 40].map(|length| {
        let data = vec![b'd'; length];
        (runtime.block_on(sealer.seal(&data, &[("table", "orders")])).unwrap(), data)
    });
    World { runtime, sealer, genuine: genuine.into() }
});

fuzz_target!(|input: &[u8]| {
    let Some((choice, input)) = input.split_first() else { return };
    let World { runtime, sealer, genuine } = &*WORLD;
    let message = match choice {
        0..=127 => input.to_vec(),
        // Pairs of a place and a byte change a genuine message; a rest of one byte cuts it.
        _ => {
            let mut message = genuine[usize::from(*choice) % genuine.len()].0.clone();
            let (changes, rest) = input.as_chunks::<3>();
            for [high, low, byte] in changes {
                let place = usize::from(u16::from_be_bytes([*high, *low])) % message.len();
                message[place] ^= byte;
            }
            if let [cut] = rest {
                message.truncate(message.len().saturating_sub(usize::from(*cut)));
            }
            message
        }
    };
    let known = genuine.iter().find(|(genuine, _)| *genuine == message).map(|(_, data)| data);
    runtime.block_on(async {
        let opened = sealer.open(&message).await;
        assert_eq!(opened.as_ref().ok().map(|opened| opened.data.expose_secret()), known.map(Vec::as_slice));
        let mut written = Vec::new();
        let streamed = sealer.open_stream(message.as_slice(), &mut written).await;
        assert_eq!(streamed.ok().map(|_| &written), known);
        if let Err(error) = opened {
            assert!(!error.to_string().is_empty());
        }
    });
});
