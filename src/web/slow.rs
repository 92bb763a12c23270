//! How long a client may take to send a request, so that whoever sends one octet now and then holds no connection for
//! ever: `--client-timeout` for its head and the first octets of its body, and as long again for each eight kilobytes
//! that came (RFC 9110, section 15.5.9).

use std::io;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::{HttpRequest, web};
use futures_util::stream::LocalBoxStream;
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::config::CLIENT_TIMEOUT;

/// So many octets of a body earn its client as much time as it had at first.
const EARN_TIME: usize = 8 * 1024;

/// So long a body that came too late is held; its answer is ready at once.
const UNTIL_ANSWERED: Duration = Duration::from_secs(5);

/// The body of a request, piece by piece. If its client falls behind, it ends with an error for which [`is_late`] holds.
pub fn in_time(
    request: &HttpRequest,
    body: Payload,
) -> LocalBoxStream<'static, Result<web::Bytes, PayloadError>> {
    let app = request.app_data::<web::Data<App>>();
    let patience = app.map_or(CLIENT_TIMEOUT, |app| app.options.client_timeout);
    pieces(patience, body).boxed_local()
}

fn pieces(patience: Duration, body: Payload) -> impl stream::Stream<Item = Result<web::Bytes, PayloadError>> {
    let began = Instant::now();
    stream::unfold((body, 0_usize), move |(mut body, octets)| async move {
        let earned = u32::try_from(octets / EARN_TIME).unwrap_or(u32::MAX).saturating_add(1);
        match timeout_at(began + patience.saturating_mul(earned), body.next()).await {
            Ok(piece) => {
                let piece = piece?;
                let octets = octets + piece.as_ref().map_or(0, web::Bytes::len);
                Some((piece, (body, octets)))
            }
            Err(_) => {
                hang_up(body);
                Some((Err(PayloadError::Io(io::ErrorKind::TimedOut.into())), (Payload::None, octets)))
            }
        }
    })
}

/// Sees to it that the connection ends with the answer. The rest of a chunked body that nobody holds any more would be
/// waited for, without an end; one that is held ends its connection.
fn hang_up(body: Payload) {
    actix_web::rt::spawn(async move {
        tokio::time::sleep(UNTIL_ANSWERED).await;
        drop(body);
    });
}

/// Whether a body ended because its client was too slow.
pub fn is_late(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}
