//! The pixel of a letter: the same picture for every request, whoever asks and whatever becomes of it (O-11, O-12).

use actix_web::dev::RequestHead;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::domain::tracking::Hit;
use crate::domain::tracking::pixel::PIXEL;
use crate::token::OpenLink;
use crate::web::public::watch;

/// `GET /o/{token}.gif`.
pub async fn pixel(request: HttpRequest, app: web::Data<App>) -> HttpResponse {
    let token = request.match_info().get("token").unwrap_or_default();
    answer(request.head(), &app, app.keys.open(token)).await
}

/// Hands over what the request says, if its token is one of ours, and answers with the picture, stored or not.
pub(in crate::web) async fn answer(
    request: &RequestHead,
    app: &App,
    opened: Option<OpenLink>,
) -> HttpResponse {
    if let Some(OpenLink { campaign, subscriber }) = opened {
        let hit = Hit { campaign, link: None, subscriber, at: app.clock.now(), sign: None };
        watch::record(request, app, hit).await;
    }
    let fixed = HeaderValue::from_static;
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, fixed("image/gif")))
        .insert_header((CACHE_CONTROL, fixed("no-store")))
        .insert_header((X_CONTENT_TYPE_OPTIONS, fixed("nosniff")))
        .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, fixed("cross-origin")))
        .insert_header((REFERRER_POLICY, fixed("no-referrer")))
        .body(web::Bytes::from_static(&PIXEL))
}
