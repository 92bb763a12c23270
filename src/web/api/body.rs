//! Request bodies: read with a limit, and refused with the place and the rule but never with the value, which may
//! be personal.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::Segment;

use crate::error::Problem;
use crate::web::problem::refusal;
use crate::web::slow::{in_time, is_late};

/// The largest JSON body, in octets: an HTML letter with room to spare.
pub const JSON_BYTES_MAX: usize = 1024 * 1024;

/// A body of JSON, of at most `MAX` octets.
pub struct Body<T, const MAX: usize = JSON_BYTES_MAX>(pub T);

impl<T: DeserializeOwned + 'static, const MAX: usize> FromRequest for Body<T, MAX> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let kind = request.content_type();
            if kind != "application/json" && !kind.ends_with("+json") {
                let detail = "Send the body as application/json";
                return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail, &[]));
            }
            let bytes = read(&request, payload, MAX).await?;
            // Serde would take a list for an object, field by field.
            if bytes.trim_ascii_start().starts_with(b"[") {
                return Err(refusal(StatusCode::UNPROCESSABLE_ENTITY, "Send a JSON object", &[]));
            }
            parse(&bytes).map(Self)
        })
    }
}

/// A body of JSON that may be left out.
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalBody<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let empty = headers.get(CONTENT_LENGTH).is_none_or(|length| length == "0");
        if empty && !headers.contains_key(CONTENT_TYPE) && !headers.contains_key(TRANSFER_ENCODING) {
            return Box::pin(async { Ok(Self(T::default())) });
        }
        let body = Body::<T>::from_request(request, payload);
        Box::pin(async move { body.await.map(|Body(value)| Self(value)) })
    }
}

/// A body of any kind, of at most `MAX` octets.
pub struct Upload<const MAX: usize>(pub Vec<u8>);

impl<const MAX: usize> FromRequest for Upload<MAX> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read(&request, payload, MAX).await.map(Self) })
    }
}

/// Reads a body to its end.
///
/// # Errors
/// The answer to one that is larger, that breaks off, or that does not come in time.
pub async fn read(
    request: &HttpRequest,
    payload: Payload,
    bytes_max: usize,
) -> Result<Vec<u8>, actix_web::Error> {
    let too_large = || {
        let detail = format!("The body is larger than {} kB", bytes_max / 1024);
        refusal(StatusCode::PAYLOAD_TOO_LARGE, &detail, &[])
    };
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let announced: usize = announced.unwrap_or(0);
    if announced > bytes_max {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(announced.min(64 * 1024));
    let mut payload = in_time(request, payload);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| match is_late(&error) {
            true => refusal(StatusCode::REQUEST_TIMEOUT, "The body did not come in time", &[]),
            false => refusal(StatusCode::BAD_REQUEST, "The body could not be read to its end", &[]),
        })?;
        if bytes.len() + chunk.len() > bytes_max {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, actix_web::Error> {
    fault_or(bytes).map_err(|fault| match fault {
        Fault::Syntax(detail) => refusal(StatusCode::BAD_REQUEST, &detail, &[]),
        Fault::Field(problem) => {
            let detail = "The JSON does not have the form that is asked for";
            refusal(StatusCode::UNPROCESSABLE_ENTITY, detail, &[problem])
        }
    })
}

#[derive(Debug, PartialEq)]
enum Fault {
    /// It is no JSON.
    Syntax(String),
    /// It is JSON of another form.
    Field(Problem),
}

fn fault_or<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    if has_nul(bytes) {
        return Err(Fault::Syntax("The text holds a NUL character; leave it out".to_owned()));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().clone();
        let cause = error.into_inner();
        // A list where a word is asked for counts as a mistake of syntax, though it is good JSON.
        let is_json = cause.is_data() || serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        if is_json { Fault::Field(explain(&path, &cause)) } else { not_json(&cause) }
    })?;
    json.end().map_err(|cause| not_json(&cause))?;
    Ok(value)
}

/// PostgreSQL keeps no NUL in a text. In JSON it can only be written as an escape.
fn has_nul(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escaped = &rest[at + 1..];
        if escaped.starts_with(b"u0000") {
            return true;
        }
        // What a backslash escapes begins no escape of its own.
        rest = escaped.get(1..).unwrap_or_default();
    }
    false
}

fn not_json(cause: &serde_json::Error) -> Fault {
    Fault::Syntax(format!("The body is not valid JSON: see line {}, column {}", cause.line(), cause.column()))
}

/// The place as `attributes.first_name` or `opt_ins.0.topic`, and the rule in words of ours or of the form's.
fn explain(path: &serde_path_to_error::Path, cause: &serde_json::Error) -> Problem {
    let mut place: Vec<String> = Vec::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => place.push(index.to_string()),
            Segment::Map { key } | Segment::Enum { variant: key } if is_plain(key) => place.push(key.clone()),
            _ => break,
        }
    }
    let message = cause.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(rule, _)| rule);
    let quoted = ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"];
    let detail = if let Some(name) = message.strip_prefix("missing field `") {
        place.push(name.trim_end_matches('`').to_owned());
        "This field is required".to_owned()
    } else if let Some(kind) = quoted.iter().find(|kind| message.starts_with(**kind)) {
        // The message repeats the value in its first half; only what comes after it is ours.
        let expected = message.rsplit_once(", expected ").map(|(_, expected)| format!(": use {expected}"));
        let what = if *kind == "unknown field" { "There is no such field" } else { "The value does not fit" };
        format!("{what}{}", expected.unwrap_or_default())
    } else if message.starts_with("UUID parsing failed") {
        "The value is no identity of the kind that this API gives out".to_owned()
    } else if message.starts_with("duplicate field") {
        "This field is there twice".to_owned()
    } else if !cause.is_data() {
        "The value is of another type".to_owned()
    } else {
        message.to_owned()
    };
    Problem::new(place.join("."), detail)
}

/// A key that can be a field of ours, and not something personal in the place of one.
fn is_plain(key: &str) -> bool {
    key.len() <= 40 && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalog::Channel;
    use crate::domain::catalog::topic::TopicForm;
    use crate::id::{PublicId, Slug};

    fn field<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> (String, String) {
        match fault_or::<T>(json.as_bytes()).unwrap_err() {
            Fault::Field(problem) => (problem.field, problem.detail),
            Fault::Syntax(detail) => panic!("{detail}"),
        }
    }

    #[test]
    fn a_wrong_field_is_named_by_its_place_and_its_rule() {
        let start = r#"{"slug":"news","kind":"communication","name":"News","channels":"#;
        let (place, detail) = field::<TopicForm>(&format!(r#"{start}["email","canary@example.org"]}}"#));
        assert_eq!(place, "channels.1");
        assert!(detail.contains("`post`") && !detail.contains("canary"), "{detail}");
        let (place, detail) = field::<TopicForm>(&format!(r#"{start}["email"],"canary@example.org":1}}"#));
        assert_eq!(place, "");
        assert!(detail.contains("`position`") && !detail.contains("canary"), "{detail}");
        let (place, detail) = field::<TopicForm>(r#"{"slug":"news"}"#);
        assert_eq!((place.as_str(), detail.as_str()), ("kind", "This field is required"));
    }

    #[test]
    fn a_value_is_never_repeated() {
        for json in [r#""canary@example.org""#, r#"{"canary":1}"#, r#"["canary, expected canary"]"#] {
            for detail in [field::<Channel>(json).1, field::<PublicId>(json).1, field::<Vec<i64>>(json).1] {
                assert!(!detail.contains("canary"), "{detail}");
            }
        }
        assert!(!field::<Slug>(r#""canary@example.org""#).1.contains("canary"));
    }

    #[test]
    fn what_is_no_json_is_told_by_line_and_column() {
        for json in ["", "{", "[1,]", "{} {}", "\"\\u0000\"", "\"\u{0}\"", "nul"] {
            let fault = fault_or::<serde_json::Value>(json.as_bytes()).unwrap_err();
            assert!(matches!(fault, Fault::Syntax(_)), "{json}");
        }
        assert!(fault_or::<serde_json::Value>(b"\"\\\\u0000\"").is_ok());
        assert!(fault_or::<serde_json::Value>(b"\"\xff\"").is_err());
    }

    #[test]
    fn a_nul_is_found_in_one_pass_however_many_backslashes_there_are() {
        for (json, holds) in [
            (r"\u0000", true),
            (r"\\u0000", false),
            (r"\\\u0000", true),
            (r"\n\u0000", true),
            (r"u0000\u000", false),
            (r"\", false),
        ] {
            assert_eq!(has_nul(json.as_bytes()), holds, "{json}");
        }
        // Minutes, if each of them were looked at again for every other.
        assert!(!has_nul(&vec![b'\\'; JSON_BYTES_MAX]));
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow() {
        let json = "[".repeat(100_000);
        assert!(fault_or::<serde_json::Value>(json.as_bytes()).is_err());
    }
}
