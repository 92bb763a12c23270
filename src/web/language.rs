//! Which language a page speaks: that of the form it answers, else what its address says (`?lang=cy`), else what the
//! person reads, else what the browser asks for (RFC 9110, section 12.5.4), else the brand's own. And the pages that
//! say what went wrong, which are written here because only here the request is at hand.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::body::EitherBody;
use actix_web::dev::{Payload, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{AcceptLanguage, Header, Preference};
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use crate::i18n::Lang;
use crate::web::form::Form;
use crate::web::page::ProblemPage;
use crate::web::problem::page_with;
use crate::web::query;

/// The field of a form that says in which language it was shown.
const SHOWN: &str = "shown_language";

/// What a request says about languages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spoken {
    /// Of the form that was posted: the one in which the person read it.
    form: Option<Lang>,
    /// In its address.
    address: Option<Lang>,
    /// By the browser: the first of its languages that we speak.
    browser: Option<Lang>,
    /// Of the brand, where nobody said anything.
    brand: Lang,
}

impl Spoken {
    /// The language to answer in, to a person who reads `known`, where that is known.
    pub fn to(self, known: Option<Lang>) -> Lang {
        self.form.or(self.address).or(known).or(self.browser).unwrap_or(self.brand)
    }

    /// The same for whoever posted `form`.
    #[must_use]
    pub fn in_form(self, form: &Form) -> Self {
        Self { form: form.all(SHOWN).next().and_then(Lang::read), ..self }
    }

    /// The language of the form that was posted; none without one.
    pub fn read_in(self) -> Option<Lang> {
        self.form
    }

    /// The same on a page of a brand that writes in this language.
    #[must_use]
    pub fn at(self, brand: Lang) -> Self {
        Self { brand, ..self }
    }

    /// The language that was asked for; none if it is only our own guess.
    pub fn asked(self) -> Option<Lang> {
        self.address.or(self.browser)
    }

    fn of(request: &HttpRequest) -> Self {
        let address = query::value(request, "lang").as_deref().and_then(Lang::read);
        // A header that nobody can read asks for nothing.
        let ranked = AcceptLanguage::parse(request).map(|header| header.ranked()).unwrap_or_default();
        let browser = ranked.iter().find_map(|preference| match preference {
            Preference::Any => None,
            Preference::Specific(tag) => Lang::read(tag.as_str()),
        });
        Self { form: None, address, browser, brand: Lang::default() }
    }
}

impl FromRequest for Spoken {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// What went wrong, to be said on a page in the language of whoever asked.
#[derive(Debug, Clone, Copy)]
struct Untold {
    status: StatusCode,
    retry_after: Option<Duration>,
}

/// An answer whose page [`tell`] writes, when it knows the language.
pub fn untold(status: StatusCode, retry_after: Option<Duration>) -> HttpResponse {
    let mut response = HttpResponse::new(status);
    response.extensions_mut().insert(Untold { status, retry_after });
    response
}

/// Writes the page of an answer that is [`untold`]; any other is as it was.
pub fn tell<B>(response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    let untold = response.response().extensions().get::<Untold>().copied();
    let Some(Untold { status, retry_after }) = untold else { return response.map_into_left_body() };
    let lang = Spoken::of(response.request()).to(None);
    let page = ProblemPage::for_status(lang, status.as_u16(), retry_after);
    let Ok(mut written) = page_with(status, &page) else { return response.map_into_left_body() };
    for (name, value) in response.headers() {
        written.headers_mut().insert(name.clone(), value.clone());
    }
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, written).map_into_right_body()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn spoken(uri: &str, header: &str) -> Spoken {
        let request = TestRequest::with_uri(uri).insert_header(("accept-language", header));
        Spoken::of(&request.to_http_request())
    }

    #[test]
    fn the_browsers_first_language_that_we_speak_counts() {
        for (header, lang) in [
            ("de-AT,de;q=0.9,en;q=0.8", Lang::German),
            ("en;q=0.2, fr;q=0.7", Lang::French),
            ("pl, cy;q=0.1", Lang::Welsh),
            ("pl", Lang::English),
            ("*", Lang::English),
            ("", Lang::English),
            ("de;q=broken", Lang::English),
        ] {
            assert_eq!(spoken("/", header).to(None), lang, "{header}");
        }
    }

    #[test]
    fn the_address_wins_over_the_person_and_the_person_over_the_browser() {
        assert_eq!(spoken("/?lang=cy", "de").to(Some(Lang::French)), Lang::Welsh);
        assert_eq!(spoken("/?lang=xx", "de").to(Some(Lang::French)), Lang::French);
        assert_eq!(spoken("/", "de").to(Some(Lang::French)), Lang::French);
    }

    #[test]
    fn who_posts_a_form_is_answered_in_its_language() {
        let form = Form::parse_urlencoded(b"shown_language=cy").unwrap();
        assert_eq!(spoken("/", "de").in_form(&form).to(Some(Lang::French)), Lang::Welsh);
        assert_eq!(spoken("/", "de").in_form(&Form::default()).to(None), Lang::German);
    }
}
