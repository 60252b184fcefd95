//! Codecs as types: `As<Vec<Base64>>` reads and writes a `Vec<SecretBytes>`, for `#[serde(with = …)]`.

use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes a value of another type.
pub trait SerializeAs<T: ?Sized> {
    /// Writes the value.
    ///
    /// # Errors
    /// Those of the serializer.
    fn serialize_as<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>;
}

/// Reads a value of another type.
pub trait DeserializeAs<'de, T>: Sized {
    /// Reads a value.
    ///
    /// # Errors
    /// The input has another format.
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>;
}

/// The functions that `#[serde(with = …)]` calls, for the codec `C`.
#[derive(Debug)]
pub struct As<C: ?Sized>(PhantomData<C>);

impl<C: ?Sized> As<C> {
    /// Writes the value.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: ?Sized, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
    where
        C: SerializeAs<T>,
    {
        C::serialize_as(value, serializer)
    }

    /// Reads a value.
    ///
    /// # Errors
    /// The input has another format.
    pub fn deserialize<'de, T, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>
    where
        C: DeserializeAs<'de, T>,
    {
        C::deserialize_as(deserializer)
    }
}

/// A value and its codec, where serde needs one type for both.
pub(crate) struct With<T, C>(pub(crate) T, PhantomData<C>);

impl<T: ?Sized, C: SerializeAs<T>> Serialize for With<&T, C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        C::serialize_as(self.0, serializer)
    }
}

impl<'de, T, C: DeserializeAs<'de, T>> Deserialize<'de> for With<T, C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        C::deserialize_as(deserializer).map(|value| Self(value, PhantomData))
    }
}

impl<T, C: SerializeAs<T>> SerializeAs<&T> for &C {
    fn serialize_as<S: Serializer>(value: &&T, serializer: S) -> Result<S::Ok, S::Error> {
        C::serialize_as(*value, serializer)
    }
}

impl<T, C: SerializeAs<T>> SerializeAs<Option<T>> for Option<C> {
    fn serialize_as<S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(|value| With::<&T, C>(value, PhantomData)).serialize(serializer)
    }
}

impl<'de, T, C: DeserializeAs<'de, T>> DeserializeAs<'de, Option<T>> for Option<C> {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        Ok(Option::<With<T, C>>::deserialize(deserializer)?.map(|value| value.0))
    }
}

impl<T, C: SerializeAs<T>> SerializeAs<Vec<T>> for Vec<C> {
    fn serialize_as<S: Serializer>(values: &Vec<T>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|value| With::<&T, C>(value, PhantomData)))
    }
}

impl<'de, T, C: DeserializeAs<'de, T>> DeserializeAs<'de, Vec<T>> for Vec<C> {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
        Ok(Vec::<With<T, C>>::deserialize(deserializer)?.into_iter().map(|value| value.0).collect())
    }
}
