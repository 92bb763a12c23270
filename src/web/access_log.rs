//! One line per request for those who look for a fault: the method, the route as the table has it, the status and the
//! time it took. Never the path itself, the query, an address or a header: those can name a person (SEC-08, T-10).

use std::time::Instant;

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;

/// A request that is being answered.
#[derive(Debug)]
pub struct Line {
    begun: Instant,
    method: Method,
}

impl Line {
    /// Begins a line, if anybody wants to read it: at level debug.
    pub fn begin(request: &ServiceRequest) -> Option<Self> {
        tracing::enabled!(tracing::Level::DEBUG)
            .then(|| Self { begun: Instant::now(), method: request.method().clone() })
    }

    /// Writes it.
    pub fn end<B>(self, response: &ServiceResponse<B>) {
        let route = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
        let (status, micros) = (response.status().as_u16(), self.begun.elapsed().as_micros() as u64);
        tracing::debug!(method = %self.method, route, status, micros, "answered");
    }
}
