//! A short cut for the two addresses that are asked for most: a letter's pixel and its links. A request that will be
//! answered with the picture or a redirect is, before the router and what is wrapped around it, which cost as much as
//! all the rest of the answer. Whatever is out of the common takes the long way, to the same handlers.

use std::sync::Arc;

use actix_http::Request;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, forward_ready};
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{AppConfig, RequestHead, Response, ServiceResponse};
use actix_web::http::Method;
use actix_web::{Error, HttpResponse, web};
use futures_util::future::LocalBoxFuture;

use crate::app::App;
use crate::domain::tracking::links::Destination;
use crate::token::{ClickLink, OpenLink};
use crate::web::headers;
use crate::web::problem::PageError;
use crate::web::public::{click, pixel};

/// What stands before the router; `S` makes it, or is it.
pub struct Shortcut<S> {
    all: S,
    app: web::Data<App>,
}

impl<S: ServiceFactory<Request>> Shortcut<S> {
    /// Stands before all else that is answered.
    pub fn before(all: impl IntoServiceFactory<S, Request>, app: web::Data<App>) -> Self {
        Self { all: all.into_factory(), app }
    }
}

impl<S, B> ServiceFactory<Request> for Shortcut<S>
where
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = Response<EitherBody<B>>;
    type Error = Error;
    type Config = AppConfig;
    type Service = Shortcut<S::Service>;
    type InitError = S::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, S::InitError>>;

    fn new_service(&self, config: AppConfig) -> Self::Future {
        let (all, app) = (self.all.new_service(config), self.app.clone());
        Box::pin(async move { Ok(Shortcut { all: all.await?, app }) })
    }
}

impl<S, B> Service<Request> for Shortcut<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = Response<EitherBody<B>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(all);

    fn call(&self, request: Request) -> Self::Future {
        let Some(common) = Common::read(request.head(), &self.app) else {
            let answer = self.all.call(request);
            return Box::pin(async move {
                Ok(Response::from(answer.await?).map_body(|_, body| EitherBody::left(body)))
            });
        };
        let app = self.app.clone();
        Box::pin(async move {
            let mut answer = common.answer(request.head(), &app).await?;
            headers::secure(answer.headers_mut());
            Ok(Response::<BoxBody>::from(answer).map_body(|_, body| EitherBody::right(body)))
        })
    }
}

/// What is asked for in common.
enum Common {
    /// A picture.
    Pixel(OpenLink),
    /// A redirect whose destination is in memory.
    Link(ClickLink, Arc<Destination>),
}

impl Common {
    /// Nothing if the request has to take the long way: another address, another method, a token that is not ours or
    /// that needs decoding, a link that only the database knows, or somebody who reads the log of requests.
    fn read(request: &RequestHead, app: &App) -> Option<Self> {
        if request.method != Method::GET || tracing::enabled!(tracing::Level::DEBUG) {
            return None;
        }
        let path = request.uri.path();
        if let Some(token) = path.strip_prefix("/o/").and_then(|rest| rest.strip_suffix(".gif")) {
            return Some(Self::Pixel(app.keys.open(token)?));
        }
        let link: ClickLink = app.keys.open(path.strip_prefix("/c/")?)?;
        Some(Self::Link(link, app.links.get(link.link)?))
    }

    async fn answer(self, request: &RequestHead, app: &App) -> Result<HttpResponse, PageError> {
        match self {
            Self::Pixel(opened) => Ok(pixel::answer(request, app, Some(opened)).await),
            Self::Link(link, destination) => click::answer(request, app, link, &destination).await,
        }
    }
}
