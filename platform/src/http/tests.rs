use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    name: String,
    #[serde(default)]
    age: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    limit: Option<u32>,
    sort: Option<Sort>,
    seller_id: Option<Uuid>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sort {
    Newest,
}

fn router() -> Router {
    let rename = |Json(body): Json<Rename>| async move { format!("{} {:?}", body.name, body.age) };
    let list = |Query(query): Query<Listing>| async move {
        format!(
            "{:?} {} {:?}",
            query.limit,
            query.sort.is_some(),
            query.seller_id
        )
    };
    let boom = || async {
        let nothing: Vec<u8> = Vec::new();
        nothing[0].to_string()
    };
    with_edges(
        Router::new()
            .route("/rename", post(rename))
            .route("/list", get(list))
            .route(
                "/things/{id}",
                get(|Path(id): Path<Uuid>| async move { id.to_string() }),
            )
            .route("/boom", get(boom)),
    )
}

async fn send(request: Request<Body>) -> (StatusCode, Value) {
    let response = router().oneshot(request).await.unwrap();
    let status = response.status();
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/problem+json");
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    if status.is_success() {
        return (
            status,
            Value::from(String::from_utf8(body.to_vec()).unwrap()),
        );
    }
    assert!(is_problem, "{status} is not a problem document");
    (status, serde_json::from_slice(&body).unwrap())
}

async fn send_json(content_type: &str, body: impl Into<Body>) -> (StatusCode, Value) {
    send(
        Request::post("/rename")
            .header(header::CONTENT_TYPE, content_type)
            .body(body.into())
            .unwrap(),
    )
    .await
}

async fn send_get(path: &str) -> (StatusCode, Value) {
    send(Request::get(path).body(Body::empty()).unwrap()).await
}

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_fitting_body_is_read() {
    assert_eq!(
        send_json("application/json; charset=utf-8", r#"{"name":"Ada"}"#)
            .await
            .1,
        "Ada None"
    );
    assert_eq!(
        send_json("application/merge-patch+json", r#"{"name":"Ada","age":36}"#)
            .await
            .1,
        "Ada Some(36)"
    );
}

#[tokio::test]
async fn bad_bodies_get_the_status_that_fits() {
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(BODY_LIMIT));
    let rows = [
        (
            "text/plain",
            r#"{"name":"Ada"}"#,
            415,
            "unsupported_media_type",
        ),
        ("application/json", "{\"name\":", 400, "json_syntax"),
        ("application/json", "", 400, "json_syntax"),
        ("application/json", "[]", 422, "body_shape"),
        (
            "application/json",
            r#"{"name":"a","name":"b"}"#,
            422,
            "body_shape",
        ),
        ("application/json", large.as_str(), 413, "body_too_large"),
    ];
    for (content_type, body, status, code) in rows {
        let (got, problem) = send_json(content_type, body.to_owned()).await;
        assert_eq!(
            (got.as_u16(), &problem["code"]),
            (status, &Value::from(code))
        );
    }
    let (status, _) = send(Request::post("/rename").body(Body::from("{}")).unwrap()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_body_that_does_not_fit_lists_every_bad_field() {
    let (status, problem) =
        send_json("application/json", r#"{"age":300,"colour":"red","name":1}"#).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut found = pointers(&problem);
    found.sort_unstable();
    assert_eq!(found, ["/age", "/colour", "/name"]);
}

#[test]
fn a_value_is_read_like_a_body() {
    let read = |value| from_value::<Rename>(value).map(|rename| rename.name);
    assert_eq!(read(serde_json::json!({"name": "Ada"})).unwrap(), "Ada");
    let problem = read(serde_json::json!({"age": 300})).unwrap_err();
    assert_eq!(
        (problem.code.as_ref(), problem.errors.len()),
        ("body_shape", 2)
    );
}

#[tokio::test]
async fn a_query_is_read_and_every_bad_parameter_is_named() {
    assert_eq!(
        send_get("/list?limit=5&sort=newest").await.1,
        "Some(5) true None"
    );
    let (status, problem) =
        send_get("/list?limit=many&sort=oldest&colour=red&seller_id=1&limit=2").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::BAD_REQUEST, &Value::from("query_invalid"))
    );
    let mut found = pointers(&problem);
    found.sort_unstable();
    assert_eq!(found, ["?colour", "?limit", "?seller_id", "?sort"]);
}

#[tokio::test]
async fn paths_methods_and_panics_become_problems() {
    let id = Uuid::from_u128(3);
    assert_eq!(send_get(&format!("/things/{id}")).await.1, id.to_string());
    let rows = [
        ("/things/x", 400, "path_invalid"),
        ("/nowhere", 404, "route_unknown"),
        ("/rename", 405, "method_not_allowed"),
        ("/boom", 500, "internal"),
    ];
    for (path, status, code) in rows {
        let (got, problem) = send_get(path).await;
        assert_eq!(
            (got.as_u16(), &problem["code"]),
            (status, &Value::from(code)),
            "{path}"
        );
    }
}
