//! Posted forms: fields in the order in which they came, a name as often as it came.
//!
//! Read strictly and with limits: what is cut off, wrongly encoded or too large is refused as a whole, so that a
//! damaged form never counts as "nothing ticked". Urlencoded and multipart are read alike (RFC 8058, section 3.2).

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use futures_util::future::LocalBoxFuture;
use futures_util::{Stream, StreamExt, stream};

use crate::error::{Error, Result};
use crate::percent;
use crate::web::language::untold;
use crate::web::slow::{in_time, is_late};

/// No form is larger. In octets, as sent.
pub const OCTETS_MAX: usize = 64 * 1024;

/// No form has more fields: far more than the boxes of any brand.
pub const FIELDS_MAX: usize = 4_000;

/// A posted form.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Form {
    fields: Vec<(String, String)>,
}

/// Why a body is not a form; nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormError {
    /// Cut off, wrongly encoded, or not what its header says: 400.
    Damaged,
    /// More octets or fields than any form of ours has: 413.
    TooLarge,
    /// Neither urlencoded nor multipart: 415.
    OtherType,
    /// It did not come in time: 408.
    TooSlow,
}

impl Form {
    /// Every value of a field, in order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field that comes once, or nothing where it is left out.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it came twice: which one was meant cannot be told.
    pub fn one(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Error::invalid(name, "This field may come only once")),
        }
    }

    /// [`Form::one`] as text: empty where it is left out.
    ///
    /// # Errors
    /// As [`Form::one`].
    pub fn text(&self, name: &str) -> Result<String> {
        Ok(self.one(name)?.unwrap_or_default().to_owned())
    }

    /// Reads the body of a request, whatever its transfer coding.
    ///
    /// # Errors
    /// Every [`FormError`].
    pub async fn read<S>(headers: &HeaderMap, body: S) -> Result<Self, FormError>
    where
        S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    {
        // Programs that post without a type send urlencoded text.
        let content_type = match headers.get(CONTENT_TYPE) {
            None => "application/x-www-form-urlencoded",
            Some(value) => value.to_str().map_err(|_| FormError::OtherType)?,
        };
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/x-www-form-urlencoded" => Self::parse_urlencoded(&collect(body).await?),
            "multipart/form-data" => {
                let boundary = boundary(content_type).ok_or(FormError::Damaged)?;
                Self::parse_multipart(&boundary, collect(body).await?).await
            }
            _ => Err(FormError::OtherType),
        }
    }

    /// Reads `a=1&b=2` (URL Standard, section 5.1), but refuses what that lets pass: a `%` without two digits,
    /// octets that are not UTF-8, and the character 0, which no database text can hold.
    ///
    /// # Errors
    /// [`FormError::Damaged`], [`FormError::TooLarge`].
    pub fn parse_urlencoded(body: &[u8]) -> Result<Self, FormError> {
        let mut form = Self::default();
        for pair in body.split(|octet| *octet == b'&').filter(|pair| !pair.is_empty()) {
            let cut = pair.iter().position(|octet| *octet == b'=');
            let (name, value) = cut.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
            form.push(decode(name)?, decode(value)?)?;
        }
        Ok(form)
    }

    async fn parse_multipart(boundary: &str, body: Bytes) -> Result<Self, FormError> {
        let mut headers = HeaderMap::new();
        let normal = format!("multipart/form-data; boundary=\"{boundary}\"");
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(&normal).map_err(|_| FormError::Damaged)?);
        let whole = stream::once(std::future::ready(Ok::<_, PayloadError>(body)));
        let mut parts = actix_multipart::Multipart::new(&headers, whole);
        let mut form = Self::default();
        while let Some(part) = parts.next().await {
            let mut part = part.map_err(|_| FormError::Damaged)?;
            let name = part.name().ok_or(FormError::Damaged)?.to_owned();
            let mut value = Vec::new();
            while let Some(piece) = part.next().await {
                value.extend_from_slice(&piece.map_err(|_| FormError::Damaged)?);
            }
            form.push(text(name.into_bytes())?, text(value)?)?;
        }
        Ok(form)
    }

    fn push(&mut self, name: String, value: String) -> Result<(), FormError> {
        if self.fields.len() == FIELDS_MAX {
            return Err(FormError::TooLarge);
        }
        self.fields.push((name, value));
        Ok(())
    }
}

/// The whole body, as long as it stays within the limit.
async fn collect<S>(mut body: S) -> Result<Bytes, FormError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let mut whole = BytesMut::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| match error {
            PayloadError::Overflow => FormError::TooLarge,
            error if is_late(&error) => FormError::TooSlow,
            _ => FormError::Damaged,
        })?;
        if whole.len() + piece.len() > OCTETS_MAX {
            return Err(FormError::TooLarge);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// The boundary of a multipart type, quoted or not. Mail programs also leave ones unquoted that RFC 2046,
/// section 5.1.1 wants quoted, such as `----=_Part_1`.
fn boundary(content_type: &str) -> Option<String> {
    let value = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim())
    })?;
    let value = value.strip_prefix('"').map_or(Some(value), |rest| rest.strip_suffix('"'))?;
    let fits = (1..=70).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b));
    fits.then(|| value.to_owned())
}

fn decode(octets: &[u8]) -> Result<String, FormError> {
    let spaced: Vec<u8> = octets.iter().map(|octet| if *octet == b'+' { b' ' } else { *octet }).collect();
    text(percent::decode(&spaced).ok_or(FormError::Damaged)?)
}

fn text(octets: Vec<u8>) -> Result<String, FormError> {
    String::from_utf8(octets).ok().filter(|text| !text.contains('\0')).ok_or(FormError::Damaged)
}

impl FromRequest for Form {
    type Error = FormError;
    type Future = LocalBoxFuture<'static, Result<Self, FormError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (headers, body) = (request.headers().clone(), in_time(request, payload.take()));
        Box::pin(async move { Self::read(&headers, body).await })
    }
}

impl std::fmt::Display for FormError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Damaged => "the form arrived incomplete or damaged",
            Self::TooLarge => "the form is larger than any of ours",
            Self::OtherType => "the body is no form",
            Self::TooSlow => "the form did not come in time",
        })
    }
}

impl ResponseError for FormError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Damaged => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::OtherType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    fn error_response(&self) -> HttpResponse {
        untold(self.status_code(), None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(body: &str) -> Result<Form, FormError> {
        Form::parse_urlencoded(body.as_bytes())
    }

    fn read(content_type: &str, body: impl Into<Vec<u8>>) -> Result<Form, FormError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
        // Octet by octet: no border of a piece may matter.
        let pieces = body.into().into_iter().map(|octet| Ok(Bytes::from(vec![octet])));
        actix_web::rt::System::new().block_on(Form::read(&headers, stream::iter(pieces)))
    }

    #[test]
    fn fields_keep_their_order_and_come_as_often_as_they_were_sent() {
        let form = parse("choice=a%3Aemail&choice=b:post&name=Jane+R%C3%B6e&empty=&bare").unwrap();
        assert_eq!(form.all("choice").collect::<Vec<_>>(), ["a:email", "b:post"]);
        assert_eq!(form.text("name").unwrap(), "Jane Röe");
        assert_eq!(form.one("empty").unwrap(), Some(""));
        assert_eq!(form.one("bare").unwrap(), Some(""));
        assert_eq!(form.one("absent").unwrap(), None);
        assert!(form.one("choice").is_err());
    }

    #[test]
    fn damaged_octets_are_refused_as_a_whole() {
        for body in ["a=%", "a=%4", "a=%zz", "%ff=1", "a=%C3", "a=%00", "ok=1&a=%E2%82"] {
            assert_eq!(parse(body), Err(FormError::Damaged), "{body}");
        }
        assert_eq!(Form::parse_urlencoded(b"a=\xff"), Err(FormError::Damaged));
    }

    #[test]
    fn a_form_has_a_largest_size() {
        assert_eq!(parse(&"a&".repeat(FIELDS_MAX + 1)), Err(FormError::TooLarge));
        let long = format!("a={}", "x".repeat(OCTETS_MAX));
        assert_eq!(read("application/x-www-form-urlencoded", long), Err(FormError::TooLarge));
    }

    #[test]
    fn the_type_decides_how_a_body_is_read() {
        let one_click = "List-Unsubscribe=One-Click";
        for good in ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"]
        {
            assert_eq!(read(good, one_click).unwrap().one("List-Unsubscribe").unwrap(), Some("One-Click"));
        }
        for other in ["application/json", "text/plain", "multipart/mixed; boundary=a"] {
            assert_eq!(read(other, one_click), Err(FormError::OtherType), "{other}");
        }
    }

    #[test]
    fn multipart_is_read_with_any_boundary_mail_programs_use() {
        for (parameter, mark) in [
            ("boundary=abc", "abc"),
            ("boundary=\"a b c\"", "a b c"),
            ("charset=UTF-8; Boundary=\"x\"", "x"),
            ("boundary=----=_Part_1", "----=_Part_1"),
            ("boundary=\"----=_Part_1.2\"", "----=_Part_1.2"),
        ] {
            let body = format!(
                "--{mark}\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n\
                 --{mark}\r\nContent-Disposition: form-data; name=\"more\"\r\nContent-Type: text/plain\r\n\r\n\
                 1\r\n--{mark}--\r\n"
            );
            let form = read(&format!("multipart/form-data; {parameter}"), body).unwrap();
            assert_eq!(form.one("List-Unsubscribe").unwrap(), Some("One-Click"), "{parameter}");
            assert_eq!(form.one("more").unwrap(), Some("1"));
        }
    }

    #[test]
    fn multipart_that_is_cut_off_or_without_boundary_is_damaged() {
        let part = "--a\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Cl";
        assert_eq!(read("multipart/form-data; boundary=a", part), Err(FormError::Damaged));
        for kind in
            ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a"]
        {
            assert_eq!(read(kind, "--a--"), Err(FormError::Damaged), "{kind}");
        }
    }

    proptest! {
        #[test]
        fn what_a_browser_encodes_is_read_back(fields in prop::collection::vec(("[^\0]{1,9}", "[^\0]{0,9}"), 0..9)) {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
            prop_assert_eq!(parse(&body).unwrap(), Form { fields });
        }

        #[test]
        fn no_octets_are_too_strange_to_be_answered(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Form::parse_urlencoded(&body);
            let _ = boundary(&String::from_utf8_lossy(&body));
        }
    }
}
