//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a program that heard no answer sends the same request
//! again, and what it asked for is done once.
//!
//! The work goes on when the program hangs up, so its answer is there when it comes again. Only answers of success are
//! kept: what was refused or failed changed nothing, and may be sent again with the same key.

use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, ResponseError, web};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::account::idempotency::{self, Begun, Named};
use crate::domain::account::{ApiKey, Scope};
use crate::domain::audience::subscriber;
use crate::error::{Error, Result};
use crate::id::PublicId;
use crate::web::api::body::{JSON_BYTES_MAX, read};
use crate::web::api::imports::FILE_BYTES_MAX;
use crate::web::problem::{ApiError, refusal};

/// The name of the header.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key, in octets.
const KEY_LENGTH_MAX: usize = 255;

/// Headers of an answer that are kept with it; all others are the same for every answer.
const HEADERS_KEPT: [HeaderName; 3] = [CONTENT_TYPE, LOCATION, ETAG];

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Whether a `POST` that needs this scope does something; others only read.
pub fn acts(scope: Scope) -> bool {
    !matches!(scope, Scope::ReadAggregate | Scope::ReadPerson)
}

/// Answers a request that has come before as it was answered then, and lets any other through.
///
/// # Errors
/// What lies behind; a refusal is an answer.
pub async fn once(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if !request.headers().contains_key(HEADER) {
        return next.call(request).await;
    }
    let refuse = |request: ServiceRequest, error| {
        let answer = ApiError::from(error).error_response();
        Ok(request.into_response(answer))
    };
    let Some((app, named, name)) = take_name(&mut request).await? else {
        let detail =
            "Send one Idempotency-Key of 1 to 255 visible characters, such as a UUID in double quotes";
        return Ok(request.error_response(refusal(StatusCode::BAD_REQUEST, detail, &[])));
    };
    let (wanted, now) = (named.clone(), app.clock.now());
    match app.db.write(move |conn| idempotency::begin(conn, &wanted, now)).await {
        Ok(Begun::First) => {}
        Ok(Begun::Before(sealed)) => {
            return match again(&app, named, &name, &sealed).await {
                Ok(answer) => Ok(request.into_response(answer)),
                Err(error) => refuse(request, error),
            };
        }
        Err(error) => return refuse(request, error),
    }
    // A task of its own: it ends also when nobody waits for it any more.
    let done = actix_web::rt::spawn(async move {
        let answered = next.call(request).await;
        settle(&app, named, &name, answered).await
    });
    done.await.unwrap_or_else(|panic| Err(ApiError::from(Error::internal(panic)).into()))
}

/// The name of a request, with all that it asks for; its body is read for that and put back. None without a good one.
async fn take_name(
    request: &mut ServiceRequest,
) -> Result<Option<(web::Data<App>, Named, String)>, actix_web::Error> {
    let lost = || ApiError::from(Error::internal("no App or key"));
    let app = request.app_data::<web::Data<App>>().ok_or_else(lost)?.clone();
    let api_key = request.extensions().get::<ApiKey>().ok_or_else(lost)?.id;
    let Some(name) = name_in(request.headers()) else { return Ok(None) };
    let bytes_max = if request.content_type() == "text/csv" { FILE_BYTES_MAX } else { JSON_BYTES_MAX };
    let payload = request.take_payload();
    let body = read(request.request(), payload, bytes_max).await?;
    let asked =
        [request.method().as_str().as_bytes(), request.uri().to_string().as_bytes(), &body].join(&b'\n');
    let named = Named {
        api_key,
        name_hash: app.keys.keyed_hash("idempotency-key", name.as_bytes()),
        request_hash: app.keys.keyed_hash("request", &asked),
    };
    request.set_payload(Payload::from(web::Bytes::from(body)));
    Ok(Some((app, named, name)))
}

/// The key: a string of RFC 8941, section 3.3.3, or, as many clients send it, the same without quotes.
fn name_in(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(HEADER);
    let (value, None) = (values.next()?.to_str().ok()?.trim(), values.next()) else { return None };
    let name = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    let fits = (1..=KEY_LENGTH_MAX).contains(&name.len());
    (fits && name.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')).then(|| name.to_owned())
}

/// Keeps the answer of what was done, and gives the name of anything else back.
async fn settle(
    app: &App,
    named: Named,
    name: &str,
    answered: Result<ServiceResponse<BoxBody>, actix_web::Error>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let (request, response) = answered?.into_parts();
    let (head, body) = response.into_parts();
    let body = to_bytes(body).await?;
    let settled = if head.status().is_success() {
        let sealed = seal(app, name, &head, &body)?;
        app.db.write(move |conn| idempotency::keep(conn, &named, &sealed)).await
    } else {
        app.db.write(move |conn| idempotency::give_back(conn, &named)).await
    };
    if let Err(error) = settled {
        // What was done is done; whoever asks again is told that nobody knows.
        tracing::warn!(%error, "what became of a request with an Idempotency-Key could not be kept");
    }
    Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(body))))
}

fn seal(app: &App, name: &str, head: &HttpResponse<()>, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
    let kept = |name: HeaderName| Some((name.to_string(), text(head.headers().get(&name)?)?));
    let answer = Answer {
        status: head.status().as_u16(),
        headers: HEADERS_KEPT.into_iter().filter_map(kept).collect(),
        body: String::from_utf8_lossy(body).into_owned(),
    };
    let json = serde_json::to_vec(&answer).map_err(Error::from)?;
    Ok(app.keys.seal_private(&place(name), &json)?)
}

/// The answer as it was given, unless it is about somebody who was erased since: then nothing is told of them any more,
/// and it is not kept.
async fn again(app: &App, named: Named, name: &str, sealed: &[u8]) -> Result<HttpResponse> {
    let lost = || Error::internal("a kept answer cannot be read");
    let json = app.keys.open_private(&place(name), sealed).ok_or_else(lost)?;
    let answer: Answer = serde_json::from_slice(&json)?;
    if let Some(person) = answer.person()
        && app.db.read(move |conn| Ok(subscriber::find(conn, person)?.erased_at.is_some())).await?
    {
        app.db.write(move |conn| idempotency::give_back(conn, &named)).await?;
        return Err(Error::conflict("The person whom this request recorded was erased since"));
    }
    answer.into_response()
}

impl Answer {
    /// The person whom the request recorded.
    fn person(&self) -> Option<PublicId> {
        let (_, place) = self.headers.iter().find(|(name, _)| *name == LOCATION.as_str())?;
        place.strip_prefix("/api/v1/subscribers/")?.parse().ok().map(PublicId)
    }

    fn into_response(self) -> Result<HttpResponse> {
        let status = StatusCode::from_u16(self.status).map_err(Error::internal)?;
        let mut response = HttpResponse::build(status);
        for header in self.headers {
            response.append_header(header);
        }
        Ok(response.body(self.body))
    }
}

/// Binds an answer to the name that the program sent, of which the database has only a hash.
fn place(name: &str) -> String {
    format!("idempotency:{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_string_with_or_without_quotes() {
        let read = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(HEADER, HeaderValue::from_static(value));
            }
            name_in(&headers)
        };
        for value in ["\"8e03978e-40d5\"", "8e03978e-40d5", " 8e03978e-40d5 "] {
            assert_eq!(read(&[value]).as_deref(), Some("8e03978e-40d5"), "{value}");
        }
        for wrong in [&["", "\"\"", "\"a", "a b", "a\"b"][..], &[]].concat() {
            assert_eq!(read(&[wrong]), None, "{wrong}");
        }
        assert_eq!(read(&["a", "b"]), None);
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[Box::leak("a".repeat(KEY_LENGTH_MAX + 1).into_boxed_str())]), None);
    }
}
