//! Requests as in-process parts write them: by address, typed where the type is known.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, Resource as Typed};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use gantry_api::{ObjectKey, Rejection};
use gantry_registry::request::{PatchType, Verb};
pub use gantry_steering::requests::{body, decode, request};

use crate::api::Api;

/// A type that can be asked for by address.
pub trait Addressable:
    Typed + Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned + Send + Sync
{
}

impl<T> Addressable for T where
    T: Typed + Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned + Send + Sync
{
}

/// Typed access for those who know what they ask for.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a>(pub &'a dyn Api);

impl Access<'_> {
    /// Reads one object; nothing when there is none.
    pub async fn get<T: Addressable>(
        self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<T>, Rejection> {
        let key = ObjectKey::new(gantry_api::GroupResource::of::<T>(), namespace, name);
        match self.0.call(request(Verb::Get, &key, T::VERSION)).await {
            Ok(answer) => decode(&answer).map(Some),
            Err(Rejection::NotFound { .. }) => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }

    /// Creates an object.
    pub async fn create<T: Addressable>(self, object: &T) -> Result<T, Rejection> {
        let mut key = gantry_api::views::Meta::key(object);
        key.name.clear();
        let mut request = request(Verb::Create, &key, T::VERSION);
        request.body = body(object);
        decode(&self.0.call(request).await?)
    }

    /// Replaces an object, or the part of it that `subresource` names.
    pub async fn update<T: Addressable>(
        self,
        object: &T,
        subresource: Option<&str>,
    ) -> Result<T, Rejection> {
        let key = gantry_api::views::Meta::key(object);
        let mut request = request(Verb::Update, &key, T::VERSION);
        request.subresource = subresource.map(str::to_owned);
        request.body = body(object);
        decode(&self.0.call(request).await?)
    }

    /// Merge-patches an object, or the part of it that `subresource` names.
    pub async fn patch<T: Addressable>(
        self,
        (namespace, name): (&str, &str),
        patch: &Value,
        subresource: Option<&str>,
    ) -> Result<T, Rejection> {
        let key = ObjectKey::new(gantry_api::GroupResource::of::<T>(), namespace, name);
        let mut request = request(Verb::Patch(PatchType::Merge), &key, T::VERSION);
        request.subresource = subresource.map(str::to_owned);
        request.body = body(patch);
        decode(&self.0.call(request).await?)
    }
}
