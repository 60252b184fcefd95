//! What the cache looks up: values by their ID, and IDs by their name.

use std::sync::Arc;
use std::time::Duration;

use cloud_core::{BoxFuture, Result, SecretSource};

use crate::flights::Left;
use crate::store::{Id, Store, Table, Value, Weigh};

/// What is looked up under a key: a value by its ID, or an ID by its name.
pub(crate) trait Kind: 'static {
    type Item: Weigh + Clone + Send + Sync + 'static;
    /// Whether it is fetched again after the TTL.
    const EXPIRES: bool;

    fn table(store: &mut Store) -> &mut Table<Self::Item>;
    fn request(source: Arc<dyn SecretSource>, key: Arc<str>) -> BoxFuture<'static, Result<Self::Item>>;
    fn same(one: &Self::Item, other: &Self::Item) -> bool;

    /// Called once an item was stored.
    fn kept(_: &mut Store, _: &Self::Item, _: Duration, _: &mut Left) {}
}

pub(crate) struct Values;
pub(crate) struct Names;

impl Kind for Values {
    type Item = Value;
    const EXPIRES: bool = true;

    fn table(store: &mut Store) -> &mut Table<Value> {
        &mut store.ids
    }

    fn request(source: Arc<dyn SecretSource>, id: Arc<str>) -> BoxFuture<'static, Result<Value>> {
        Box::pin(async move { source.fetch(&id).await.map(Arc::new) })
    }

    fn same(one: &Value, other: &Value) -> bool {
        crate::store::same(one, other)
    }
}

impl Kind for Names {
    type Item = Id;
    const EXPIRES: bool = false;

    fn table(store: &mut Store) -> &mut Table<Id> {
        &mut store.names
    }

    fn request(source: Arc<dyn SecretSource>, name: Arc<str>) -> BoxFuture<'static, Result<Id>> {
        Box::pin(async move { source.resolve(&name).await.map(Id::from) })
    }

    fn same(one: &Id, other: &Id) -> bool {
        one == other
    }

    /// Lets the secret of a name be fetched that was refused before the name was resolved again.
    fn kept(store: &mut Store, id: &Id, now: Duration, left: &mut Left) {
        if let Some(entry) = store.ids.get_mut(id)
            && entry.slot.refused_before(now)
        {
            left.push_some(entry.slot.failure.take());
        }
    }
}
