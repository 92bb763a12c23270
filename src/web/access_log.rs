//! One line per request for those who look for a fault: the method, the route as the table has it, the status and the
//! time it took. Never the path itself, the query, an address or a header: those can name a person (SEC-08, T-10).

use std::time::Instant;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

/// Logs the request at level debug, once it is answered.
///
/// # Errors
/// What the handler returns.
pub async fn record<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return next.call(request).await;
    }
    let begun = Instant::now();
    let method = request.method().clone();
    let response = next.call(request).await?;
    let route = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    let (status, micros) = (response.status().as_u16(), begun.elapsed().as_micros() as u64);
    tracing::debug!(%method, route, status, micros, "answered");
    Ok(response)
}
