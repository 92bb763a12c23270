//! Outcomes as HTTP: the one `match` from [`Error`] to a status, as a page for people and as
//! `application/problem+json` (RFC 9457) for programs.
//!
//! What is our fault is logged once with its causes, and answered with no more than a reference to that line.

use std::fmt;
use std::time::Duration;

use actix_web::error::{PathError, QueryPayloadError};
use actix_web::http::header::{
    ALLOW, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use serde::Serialize;

use crate::error::{Error, Problem};
use crate::i18n::Lang;
use crate::web::form::FormError;
use crate::web::language::untold;
use crate::web::page::{Page, render};

/// How long clients are asked to wait while the database does not answer.
const WAIT_FOR_DATABASE: Duration = Duration::from_secs(10);

/// A page that could not be served.
#[derive(Debug)]
pub enum PageError {
    /// It cannot be done.
    Refused(Error),
    /// What was posted is no form.
    NoForm(FormError),
}

/// An API request that could not be served.
#[derive(Debug)]
pub struct ApiError(Error);

/// The body of an API error (RFC 9457).
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// What kind of problem it is: a stable address.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// Each field that breaks a rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<ProblemField>,
}

/// One field that breaks a rule, or one thing that stands in the way.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemField {
    /// Where: a JSON pointer (RFC 6901) into the request; empty where it is about no field.
    pub pointer: String,
    /// What stands in the way: a stable word, such as `spf_missing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What is wrong and what to do.
    pub detail: String,
}

impl ProblemField {
    fn of_input(problem: &Problem) -> Self {
        let pointer = match problem.field.as_str() {
            "" => String::new(),
            field => format!("/{}", field.replace('.', "/")),
        };
        Self { pointer, code: None, detail: problem.detail.clone() }
    }

    fn of_obstacle(problem: &Problem) -> Self {
        Self { pointer: String::new(), code: Some(problem.field.clone()), detail: problem.detail.clone() }
    }
}

/// A page as an answer with status 200.
///
/// # Errors
/// If the template fails.
pub fn page(template: &impl Page) -> Result<HttpResponse, PageError> {
    page_with(StatusCode::OK, template)
}

/// A page as an answer with another status.
///
/// # Errors
/// If the template fails.
pub fn page_with(status: StatusCode, template: &impl Page) -> Result<HttpResponse, PageError> {
    let mut response = HttpResponse::build(status);
    response.content_type("text/html; charset=utf-8");
    match template.language() {
        Some(lang) => {
            response.insert_header((CONTENT_LANGUAGE, lang.tag()));
            response.insert_header((VARY, "Accept-Language"));
        }
        None => {
            response.insert_header((CONTENT_LANGUAGE, Lang::English.tag()));
        }
    }
    Ok(response.body(render(template)?))
}

fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Unauthorized => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Conflict(_) | Error::Blocked(_) | Error::Outdated(_) => StatusCode::CONFLICT,
        Error::Stale => StatusCode::PRECONDITION_FAILED,
        Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn retry_after(error: &Error) -> Option<Duration> {
    match error {
        Error::TooMany { retry_after } => Some(*retry_after),
        Error::Unavailable(_) => Some(WAIT_FOR_DATABASE),
        _ => None,
    }
}

/// Logs what is our fault and returns what may be said about it.
fn speak(error: &Error) -> String {
    match error {
        Error::Internal(cause) => {
            let reference = uuid::Uuid::new_v4();
            tracing::error!(%reference, cause = format!("{cause:#}"), "a request failed");
            format!("The fault is ours; nothing was changed. Reference: {reference}")
        }
        Error::Unavailable(cause) => {
            tracing::warn!(cause = format!("{cause:#}"), "the database does not answer");
            "The database does not answer; try again soon".to_owned()
        }
        other => other.to_string(),
    }
}

fn add_common_headers(headers: &mut HeaderMap, error: &Error) {
    if let Some(wait) = retry_after(error) {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    if matches!(error, Error::Unauthorized) {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"mannerly\""));
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Refused(error) => status_of(error),
            Self::NoForm(error) => error.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let error = match self {
            Self::Refused(error) => error,
            Self::NoForm(error) => return error.error_response(),
        };
        speak(error);
        let mut response = untold(status_of(error), retry_after(error));
        add_common_headers(response.headers_mut(), error);
        response
    }
}

impl From<FormError> for PageError {
    fn from(error: FormError) -> Self {
        Self::NoForm(error)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status_of(&self.0)
    }

    fn error_response(&self) -> HttpResponse {
        let errors = match &self.0 {
            Error::Invalid(problems) => problems.iter().map(ProblemField::of_input).collect(),
            Error::Blocked(problems) => problems.iter().map(ProblemField::of_obstacle).collect(),
            _ => Vec::new(),
        };
        let status = self.status_code();
        let mut response = problem_json(&mut HttpResponse::build(status), status, speak(&self.0), errors);
        add_common_headers(response.headers_mut(), &self.0);
        response
    }
}

fn problem_json(
    response: &mut actix_web::HttpResponseBuilder,
    status: StatusCode,
    detail: String,
    errors: Vec<ProblemField>,
) -> HttpResponse {
    let title = status.canonical_reason().unwrap_or("Error").to_owned();
    let slug = title.to_lowercase().replace(' ', "-");
    let body = ProblemBody {
        kind: format!("urn:mannerly:problem:{slug}"),
        title,
        status: status.as_u16(),
        detail,
        errors,
    };
    response.insert_header((CONTENT_TYPE, "application/problem+json")).json(body)
}

fn is_api(request: &HttpRequest) -> bool {
    request.path().starts_with("/api/")
}

/// An answer of this status, as a page or as a problem, whichever the path calls for.
fn plain(request: &HttpRequest, status: StatusCode, detail: &str) -> HttpResponse {
    if is_api(request) {
        problem_json(&mut HttpResponse::build(status), status, detail.to_owned(), Vec::new())
    } else {
        untold(status, None)
    }
}

/// The answer where there is nothing.
pub async fn no_such_page(request: HttpRequest) -> HttpResponse {
    plain(&request, StatusCode::NOT_FOUND, "There is nothing at this address; /api/docs lists what there is")
}

/// The answer to a method that the path does not have (RFC 9110, section 15.5.6); `OPTIONS` is told what it has.
pub fn wrong_method(request: &HttpRequest, allowed: &[Method]) -> HttpResponse {
    let mut names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    let allow = names.join(", ");
    let mut response = if *request.method() == Method::OPTIONS {
        HttpResponse::NoContent().finish()
    } else {
        plain(request, StatusCode::METHOD_NOT_ALLOWED, &format!("This address answers {allow}"))
    };
    if let Ok(value) = allow.parse() {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}

/// An answer of the API to a request that does not reach its handler, travelling as an error.
pub fn refusal(status: StatusCode, detail: &str, fields: &[Problem]) -> actix_web::Error {
    let errors = fields.iter().map(ProblemField::of_input).collect();
    Answered::from(problem_json(&mut HttpResponse::build(status), status, detail.to_owned(), errors)).into()
}

/// Query strings: problems in our words.
pub fn query_config() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|_: QueryPayloadError, request| {
        let detail = "A parameter after the ? is unknown or has the wrong form";
        Answered::from(plain(request, StatusCode::BAD_REQUEST, detail)).into()
    })
}

/// Paths: a parameter of the wrong form is something that does not exist.
pub fn path_config() -> web::PathConfig {
    web::PathConfig::default().error_handler(|_: PathError, request| {
        Answered::from(plain(request, StatusCode::NOT_FOUND, "There is nothing at this address")).into()
    })
}

/// An answer that is ready, travelling as an error.
struct Answered(std::cell::Cell<Option<HttpResponse>>, StatusCode);

impl From<HttpResponse> for Answered {
    fn from(response: HttpResponse) -> Self {
        let status = response.status();
        Self(std::cell::Cell::new(Some(response)), status)
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answered({})", self.1)
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl ResponseError for Answered {
    fn status_code(&self) -> StatusCode {
        self.1
    }

    fn error_response(&self) -> HttpResponse {
        self.0.take().unwrap_or_else(|| HttpResponse::new(self.1))
    }
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => fmt::Display::fmt(error, f),
            Self::NoForm(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
