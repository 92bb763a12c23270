//! Who asks: `Authorization: Bearer mk_…` (RFC 6750, section 2.1), checked against the scope in the route table
//! before anything else of the request is looked at.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, ResponseError, web};

use crate::app::App;
use crate::domain::account::api_key;
use crate::domain::account::{ApiKey, Scope};
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::web::limit::{self, Limits};
use crate::web::problem::ApiError;

/// Lets the request through if its key has the scope; the handler finds the key as `web::ReqData<ApiKey>`.
///
/// # Errors
/// What lies behind; a refusal is an answer.
pub async fn check(
    scope: Scope,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match identify(&request, scope).await {
        Ok((key, left)) => {
            request.extensions_mut().insert(key);
            let mut response = next.call(request).await?;
            limit::tell(response.headers_mut(), left);
            Ok(response)
        }
        // An answer and not an error, so that it gets the headers that every answer has.
        Err(error) => {
            let used_up = matches!(error, Error::TooMany { .. });
            let mut answer = ApiError::from(error).error_response();
            if used_up {
                limit::tell(answer.headers_mut(), 0);
            }
            Ok(request.into_response(answer))
        }
    }
}

/// The key, and how many requests it may send at once after this one.
async fn identify(request: &ServiceRequest, scope: Scope) -> Result<(ApiKey, u32)> {
    let app = request.app_data::<web::Data<App>>().ok_or_else(|| Error::internal("no App"))?;
    let limits = request.app_data::<web::Data<Limits>>().ok_or_else(|| Error::internal("no Limits"))?;
    // Before the database is asked: made-up keys must not keep its connections busy.
    limits.network_of(request.request())?;
    let secret = bearer(request.headers()).ok_or(Error::Unauthorized)?;
    let found = app.db.read(move |conn| api_key::authenticate(conn, &secret)).await?;
    let key = found.ok_or(Error::Unauthorized)?;
    let left = limits.key(key.id)?;
    app.key_uses.note(&key, app.clock.now());
    if key.allows(scope) { Ok((key, left)) } else { Err(Error::Forbidden(scope.as_str())) }
}

/// The credentials of the Bearer scheme, whose name has no case (RFC 9110, section 11.1).
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, secret) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::from_text(secret.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn a_key_is_read_from_the_bearer_scheme_alone() {
        let read = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
            bearer(&headers).map(|secret| secret.reveal().to_owned())
        };
        assert_eq!(read("Bearer mk_abc").as_deref(), Some("mk_abc"));
        assert_eq!(read("bearer  mk_abc ").as_deref(), Some("mk_abc"));
        assert_eq!(read("Basic bWs6YWJj"), None);
        assert_eq!(read("mk_abc"), None);
        assert_eq!(bearer(&HeaderMap::new()).map(|_| ()), None);
    }
}
