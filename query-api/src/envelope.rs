//! What every answer looks like: `Page` for lists, `Single` for one document. Both say how fresh they are and name the query.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use souk_documents::Timestamp;
use uuid::Uuid;

/// A list: at most `limit` items, and the cursor for the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Null on the last page.
    pub next_cursor: Option<String>,
    /// Everything accepted before this time is in the answer; null until the processor has reported.
    pub as_of: Option<Timestamp>,
    /// Names this answer in logs.
    pub query_id: Uuid,
}

/// One document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Single<T> {
    pub item: T,
    /// As in [`Page`].
    pub as_of: Option<Timestamp>,
    /// Names this answer in logs.
    pub query_id: Uuid,
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl<T: Serialize> IntoResponse for Single<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}
