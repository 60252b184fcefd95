//! Calls and lists can be sent to and shared with other threads, although the futures in them are not `Sync`.

use cloud_core::page::Pages;
use cloud_core::{Call, Items, Json};

fn is_shareable<T: Send + Sync>() {}

#[test]
fn calls_lists_and_waiters_are_send_and_sync() {
    is_shareable::<Call<Json>>();
    is_shareable::<Pages<Json>>();
    is_shareable::<Items<List>>();
    is_shareable::<cloud_core::call::SendFuture<Json>>();
    is_shareable::<cloud_core::waiter::Waiter<Json>>();
}

/// A page of anything.
#[derive(serde::Deserialize)]
struct List {
    #[allow(dead_code, reason = "only its type matters")]
    items: Vec<String>,
}

impl cloud_core::Page for List {
    type Item = String;

    fn len(&self) -> usize {
        self.items.len()
    }
    fn into_items(self) -> Vec<String> {
        self.items
    }
    fn total(&self) -> Option<u64> {
        None
    }
}
