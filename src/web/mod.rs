//! Requests: the only rooms that name actix_web. This file is the route table, whole, on one screen; each handler
//! parses what came in, asks the domain, and shapes the answer.

pub mod access_log;
pub mod api;
pub mod auth;
pub mod demo;
pub mod docs;
pub mod form;
pub mod gpc;
pub mod headers;
pub mod health;
pub mod home;
pub mod idempotency;
pub mod language;
pub mod limit;
pub mod openapi;
pub mod own_host;
pub mod page;
pub mod problem;
pub mod public;
pub mod query;
pub mod report;
pub mod shortcut;
pub mod slow;

use std::net::TcpListener;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{App as Actix, Handler, HttpServer, Responder, ResponseError, Route, middleware, web};

use crate::app::App;
use crate::domain::account::Scope;
use crate::error::Result;
use crate::web::limit::Limits;
use crate::web::shortcut::Shortcut;

/// One line of the route table.
pub struct Entry {
    /// The method it answers; `GET` answers `HEAD` too.
    pub method: Method,
    /// The path as actix writes it, with `{parameters}`.
    pub path: &'static str,
    /// The scope that a key needs for it; none where anybody may ask.
    pub scope: Option<Scope>,
    route: Route,
}

/// The route table: every path that the server answers.
pub fn table() -> Vec<Entry> {
    let mut entries = vec![
        // Asked for most, and mostly answered by `shortcut` before this table is searched.
        get("/o/{token}.gif", public::pixel::pixel),
        get("/c/{token}", public::click::click),
        get("/", home::home),
        get("/healthz", health::live),
        get("/readyz", health::ready),
        get("/assets/page.css", home::style),
        get("/assets/desk.css", home::desk_style),
        get("/assets/proof.js", home::proof_script),
        get("/favicon.ico", home::icon),
        get("/b/{brand}/page.css", home::brand_style),
        get("/.well-known/gpc.json", gpc::support),
        get("/b/{brand}/sign-up", public::sign_up::show),
        post("/b/{brand}/sign-up", public::sign_up::post),
        get("/b/{brand}/sign-up/{form}", public::sign_up::show_named),
        post("/b/{brand}/sign-up/{form}", public::sign_up::post_named),
        get("/b/{brand}/link", public::link::show),
        post("/b/{brand}/link", public::link::post),
        get("/confirm/{token}", public::confirm::show),
        post("/confirm/{token}", public::confirm::post),
        get("/p/{token}", public::preferences::show),
        post("/p/{token}", public::preferences::change),
        get("/r/{token}", public::result::show),
        post("/r/{token}", public::result::act),
        get("/r/{token}/receipt.json", public::result::receipt),
        get("/.well-known/receipt-keys.json", public::result::keys),
        get("/u/{token}", public::unsubscribe::show),
        post("/u/{token}", public::unsubscribe::press),
        get("/d/{token}", public::data::show),
        post("/d/{token}", public::data::act),
        get("/a/{token}", public::address::show),
        post("/a/{token}", public::address::press),
        get("/b/{brand}/logo.png", public::logo::show),
        get("/v/{token}", public::letter::show),
        get("/report/{token}", public::report::show),
        get("/b/{brand}/archive", public::archive::list),
        get("/b/{brand}/archive.atom", public::archive::feed),
        get("/b/{brand}/archive/{campaign}", public::archive::show),
        get("/b/{brand}/privacy", public::notice::current),
        get("/b/{brand}/privacy/{version}", public::notice::version),
        get("/api/openapi.json", openapi::json),
        get("/api/docs", docs::show),
    ];
    entries.extend(api_v1());
    entries
}

/// The API, with the scope that each line needs.
fn api_v1() -> Vec<Entry> {
    use Scope::{Campaigns, Catalog, ReadAggregate, ReadPerson, WritePerson};
    use api::{
        brand_choices, brands, campaign_archive, campaign_life, campaigns, imports, ledger, notices, opt_ins,
        pace, permissions, preflights, reports, retries, sign_up_forms, sign_ups, sources, status,
        subscribers, test_letters, unverified_reports,
    };
    use api::{suppressions, topics};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const DELETE: Method = Method::DELETE;
    vec![
        api(GET, "/api/v1/brands", ReadAggregate, brands::list),
        api(POST, "/api/v1/brands", Catalog, brands::create),
        api(GET, "/api/v1/brands/{brand}", ReadAggregate, brands::get),
        api(PUT, "/api/v1/brands/{brand}", Catalog, brands::replace),
        api(PUT, "/api/v1/brands/{brand}/logo", Catalog, brands::replace_logo),
        api(GET, "/api/v1/brands/{brand}/notices", ReadAggregate, notices::list),
        api(POST, "/api/v1/brands/{brand}/notices", Catalog, notices::add),
        post("/api/v1/brands/{brand}/sign-ups", sign_ups::create),
        api(GET, "/api/v1/brands/{brand}/topics", ReadAggregate, topics::list),
        api(POST, "/api/v1/brands/{brand}/topics", Catalog, topics::create),
        api(GET, "/api/v1/brands/{brand}/topics/{topic}", ReadAggregate, topics::get),
        api(PUT, "/api/v1/brands/{brand}/topics/{topic}", Catalog, topics::replace),
        api(GET, "/api/v1/brands/{brand}/sign-up-forms", ReadAggregate, sign_up_forms::list),
        api(POST, "/api/v1/brands/{brand}/sign-up-forms", Catalog, sign_up_forms::create),
        api(GET, "/api/v1/brands/{brand}/sign-up-forms/{form}", ReadAggregate, sign_up_forms::get),
        api(PUT, "/api/v1/brands/{brand}/sign-up-forms/{form}", Catalog, sign_up_forms::replace),
        api(DELETE, "/api/v1/brands/{brand}/sign-up-forms/{form}", Catalog, sign_up_forms::delete),
        api(
            GET,
            "/api/v1/brands/{brand}/sign-up-forms/{form}/snippets",
            ReadAggregate,
            sign_up_forms::snippets,
        ),
        api(GET, "/api/v1/sources", ReadAggregate, sources::list),
        api(POST, "/api/v1/sources", Catalog, sources::ensure),
        api(GET, "/api/v1/subscribers", ReadPerson, subscribers::list),
        api(POST, "/api/v1/subscribers", WritePerson, subscribers::create),
        api(POST, "/api/v1/subscribers/lookup", ReadPerson, subscribers::lookup),
        api(GET, "/api/v1/subscribers/{subscriber}", ReadPerson, subscribers::get),
        api(DELETE, "/api/v1/subscribers/{subscriber}", WritePerson, subscribers::erase),
        api(PUT, "/api/v1/subscribers/{subscriber}/profile", WritePerson, subscribers::replace_profile),
        api(PUT, "/api/v1/subscribers/{subscriber}/restriction", WritePerson, subscribers::restrict),
        api(DELETE, "/api/v1/subscribers/{subscriber}/restriction", WritePerson, subscribers::unrestrict),
        api(GET, "/api/v1/subscribers/{subscriber}/opt-ins", ReadPerson, opt_ins::list),
        api(PUT, "/api/v1/subscribers/{subscriber}/opt-ins", WritePerson, opt_ins::set),
        api(GET, "/api/v1/subscribers/{subscriber}/permissions", ReadPerson, permissions::list),
        api(PUT, "/api/v1/subscribers/{subscriber}/permissions", WritePerson, permissions::set),
        api(GET, "/api/v1/subscribers/{subscriber}/brand-choices", ReadPerson, brand_choices::list),
        api(PUT, "/api/v1/subscribers/{subscriber}/brand-choices", WritePerson, brand_choices::set),
        api(GET, "/api/v1/subscribers/{subscriber}/ledger", ReadPerson, ledger::list),
        api(POST, "/api/v1/imports", WritePerson, imports::create),
        api(GET, "/api/v1/suppressions", ReadPerson, suppressions::list),
        api(POST, "/api/v1/suppressions", WritePerson, suppressions::create),
        api(DELETE, "/api/v1/suppressions/{suppression}", WritePerson, suppressions::delete),
        api(GET, "/api/v1/campaigns", ReadAggregate, campaigns::list),
        api(POST, "/api/v1/campaigns", Campaigns, campaigns::create),
        api(GET, "/api/v1/campaigns/{campaign}", ReadAggregate, campaigns::get),
        api(PUT, "/api/v1/campaigns/{campaign}", Campaigns, campaigns::replace),
        api(DELETE, "/api/v1/campaigns/{campaign}", Campaigns, campaigns::delete),
        api(GET, "/api/v1/letter-templates", ReadAggregate, campaigns::templates),
        api(POST, "/api/v1/campaigns/{campaign}/preview", ReadPerson, campaigns::preview),
        api(
            POST,
            "/api/v1/campaigns/{campaign}/audience-preview",
            ReadAggregate,
            campaigns::audience_preview,
        ),
        api(POST, "/api/v1/campaigns/{campaign}/test", Campaigns, test_letters::send),
        api(GET, "/api/v1/campaigns/{campaign}/preflight", ReadAggregate, preflights::show),
        api(POST, "/api/v1/campaigns/{campaign}/schedule", Campaigns, campaign_life::schedule),
        api(POST, "/api/v1/campaigns/{campaign}/unschedule", Campaigns, campaign_life::unschedule),
        api(POST, "/api/v1/campaigns/{campaign}/pause", Campaigns, campaign_life::pause),
        api(POST, "/api/v1/campaigns/{campaign}/resume", Campaigns, campaign_life::resume),
        api(POST, "/api/v1/campaigns/{campaign}/cancel", Campaigns, campaign_life::cancel),
        api(POST, "/api/v1/campaigns/{campaign}/retry", Campaigns, retries::retry),
        api(PUT, "/api/v1/campaigns/{campaign}/archive", Campaigns, campaign_archive::put_in),
        api(DELETE, "/api/v1/campaigns/{campaign}/archive", Campaigns, campaign_archive::take_out),
        api(GET, "/api/v1/campaigns/{campaign}/report", ReadAggregate, reports::show),
        api(GET, "/api/v1/campaigns/{campaign}/report.csv", ReadAggregate, reports::download),
        api(GET, "/api/v1/campaigns/{campaign}/unverified-reports", ReadPerson, unverified_reports::list),
        api(POST, "/api/v1/campaigns/{campaign}/report/link", ReadAggregate, reports::link),
        api(GET, "/api/v1/campaigns/{campaign}/pace", ReadAggregate, pace::get_of_campaign),
        api(PUT, "/api/v1/campaigns/{campaign}/pace", Campaigns, pace::set_of_campaign),
        api(DELETE, "/api/v1/campaigns/{campaign}/pace", Campaigns, pace::delete_of_campaign),
        api(GET, "/api/v1/pace", ReadAggregate, pace::list),
        api(PUT, "/api/v1/pace", Campaigns, pace::replace),
        api(GET, "/api/v1/status", ReadAggregate, status::show),
    ]
}

/// What the demo has besides: mounted only where mails go to a folder that may be shown.
pub fn demo_table() -> Vec<Entry> {
    vec![
        get("/demo", demo::home),
        get("/demo/mail", demo::list),
        get("/demo/mail/{name}", demo::show),
        get("/demo/mail/{name}/html", demo::html),
        get("/demo/mail/{name}/raw", demo::raw),
        get("/demo/report", demo::reports),
    ]
}

fn get<H, Args>(path: &'static str, handler: H) -> Entry
where
    H: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    H::Output: Responder + 'static,
{
    Entry { method: Method::GET, path, scope: None, route: answering(Method::GET).to(handler) }
}

fn post<H, Args>(path: &'static str, handler: H) -> Entry
where
    H: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    H::Output: Responder + 'static,
{
    Entry { method: Method::POST, path, scope: None, route: answering(Method::POST).to(handler) }
}

/// A line of the API: only a key with this scope gets to the handler, and no body is read before.
fn api<H, Args>(method: Method, path: &'static str, scope: Scope, handler: H) -> Entry
where
    H: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    H::Output: Responder + 'static,
{
    let check = move |request, next| auth::check(scope, request, next);
    let mut route = answering(method.clone()).to(handler);
    if method == Method::POST && idempotency::acts(scope) {
        route = route.wrap(middleware::from_fn(idempotency::once));
    }
    let route = route.wrap(middleware::from_fn(check));
    Entry { method, path, scope: Some(scope), route }
}

fn answering(method: Method) -> Route {
    match method {
        Method::GET => web::route().guard(headers::get_or_head()),
        other => web::method(other),
    }
}

/// Mounts a table: the lines of one path become one resource, so that a wrong method is a 405 with `Allow`.
pub fn mount(config: &mut web::ServiceConfig, table: Vec<Entry>) {
    let mut entries = table.into_iter().peekable();
    while let Some(first) = entries.next() {
        let path = first.path;
        let mut allowed = vec![first.method.clone()];
        let mut resource = web::resource(path).route(first.route);
        while let Some(next) = entries.next_if(|entry| entry.path == path) {
            allowed.push(next.method.clone());
            resource = resource.route(next.route);
        }
        let refuse = move |request: actix_web::HttpRequest| {
            let answer = problem::wrong_method(&request, &allowed);
            async move { answer }
        };
        config.service(resource.default_service(web::route().to(refuse)));
    }
}

/// What happens around every request. One layer, because each of them costs every request.
async fn around<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let line = access_log::Line::begin(&request);
    let is_foreign = match request.app_data::<web::Data<App>>() {
        Some(app) => own_host::is_foreign(app, request.request()).await,
        None => Ok(false),
    };
    let closed = match is_foreign {
        Ok(false) => None,
        Ok(true) => Some(problem::no_such_page(request.request().clone()).await),
        Err(error) => Some(problem::PageError::from(error).error_response()),
    };
    let mut response = match closed {
        Some(answer) => {
            language::tell(request.into_response(answer)).map_into_boxed_body().map_into_right_body()
        }
        None => language::tell(next.call(request).await?),
    };
    headers::secure(response.headers_mut());
    if let Some(line) = line {
        line.end(&response);
    }
    Ok(response)
}

/// Starts answering on a socket that is bound already; stops gracefully when told to.
///
/// # Errors
/// If the socket cannot be used.
pub fn serve(app: App, socket: TcpListener, workers: usize) -> Result<Server> {
    let (demo, patience) = (app.options.demo_mail.is_some(), app.options.client_timeout);
    let limits = web::Data::new(Limits::new(&app.clock, &app.options));
    let app = web::Data::new(app);
    let server = HttpServer::new(move || {
        let all = Actix::new()
            .app_data(app.clone())
            .app_data(limits.clone())
            .app_data(problem::query_config())
            .app_data(problem::path_config())
            .wrap(middleware::from_fn(around))
            .configure(|config| mount(config, table()))
            .configure(|config| mount(config, if demo { demo_table() } else { Vec::new() }))
            .default_service(web::route().to(problem::no_such_page));
        Shortcut::before(all, app.clone())
    })
    .workers(workers)
    .client_request_timeout(patience)
    .shutdown_timeout(20)
    .disable_signals()
    .listen(socket)?;
    Ok(server.run())
}
