//! Requests: the only rooms that name actix_web. This file is the route table, whole, on one screen; each handler
//! parses what came in, asks the domain, and shapes the answer.

pub mod demo;
pub mod form;
pub mod gpc;
pub mod headers;
pub mod health;
pub mod home;
pub mod limit;
pub mod page;
pub mod problem;
pub mod public;

use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::http::Method;
use actix_web::{App as Actix, Handler, HttpServer, Responder, Route, middleware, web};

use crate::app::App;
use crate::error::Result;
use crate::web::limit::Limits;

/// One line of the route table.
pub struct Entry {
    /// The method it answers; `GET` answers `HEAD` too.
    pub method: Method,
    /// The path as actix writes it, with `{parameters}`.
    pub path: &'static str,
    route: Route,
}

/// The route table: every path that the server answers.
pub fn table() -> Vec<Entry> {
    vec![
        get("/", home::home),
        get("/healthz", health::live),
        get("/readyz", health::ready),
        get("/assets/page.css", home::style),
        get("/.well-known/gpc.json", gpc::support),
        get("/b/{brand}/sign-up", public::sign_up::show),
        post("/b/{brand}/sign-up", public::sign_up::post),
        get("/b/{brand}/link", public::link::show),
        post("/b/{brand}/link", public::link::post),
        get("/confirm/{token}", public::confirm::show),
        post("/confirm/{token}", public::confirm::post),
        get("/p/{token}", public::preferences::show),
        post("/p/{token}", public::preferences::change),
        get("/u/{token}", public::unsubscribe::show),
        post("/u/{token}", public::unsubscribe::press),
        get("/d/{token}", public::data::show),
        post("/d/{token}", public::data::act),
        get("/o/{token}.gif", public::pixel::pixel),
        get("/c/{token}", public::click::click),
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
    ]
}

fn get<H, Args>(path: &'static str, handler: H) -> Entry
where
    H: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    H::Output: Responder + 'static,
{
    Entry { method: Method::GET, path, route: web::route().guard(headers::get_or_head()).to(handler) }
}

fn post<H, Args>(path: &'static str, handler: H) -> Entry
where
    H: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    H::Output: Responder + 'static,
{
    Entry { method: Method::POST, path, route: web::post().to(handler) }
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

/// Starts answering on a socket that is bound already; stops gracefully when told to.
///
/// # Errors
/// If the socket cannot be used.
pub fn serve(app: App, socket: TcpListener, workers: usize) -> Result<Server> {
    let demo = app.options.demo_mail.is_some();
    let limits = web::Data::new(Limits::new(&app.clock, &app.options));
    let app = web::Data::new(app);
    let server = HttpServer::new(move || {
        Actix::new()
            .app_data(app.clone())
            .app_data(limits.clone())
            .app_data(problem::json_config())
            .app_data(problem::query_config())
            .app_data(problem::path_config())
            .wrap(middleware::from_fn(headers::secure))
            .configure(|config| mount(config, table()))
            .configure(|config| mount(config, if demo { demo_table() } else { Vec::new() }))
            .default_service(web::route().to(problem::no_such_page))
    })
    .workers(workers)
    .shutdown_timeout(20)
    .disable_signals()
    .listen(socket)?;
    Ok(server.run())
}
