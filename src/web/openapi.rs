//! The API's document (OpenAPI 3.1), made from the handlers; what they have in common is added here: the scope that
//! the route table asks for, and the problems that any operation can answer with.

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, OpenApi as Document, Ref, RefOr, Required, ResponseBuilder, Schema,
};

use crate::web::api::{
    brand_choices, brands, campaign_archive, campaign_life, campaigns, imports, ledger, notices, opt_ins,
    pace, permissions, preflights, reports, retries, sign_up_forms, sign_ups, sources, status, subscribers,
    suppressions, test_letters, topics, unverified_reports,
};
use crate::web::idempotency;
use crate::web::problem::ProblemBody;
use crate::web::{Entry, table};

#[derive(OpenApi)]
#[openapi(
    info(title = "Mannerly API", description = DESCRIPTION),
    paths(
        brands::list, brands::create, brands::get, brands::replace, brands::replace_logo,
        notices::list, notices::add,
        topics::list, topics::create, topics::get, topics::replace,
        sign_up_forms::list, sign_up_forms::create, sign_up_forms::get, sign_up_forms::replace, sign_up_forms::delete,
        sign_up_forms::snippets,
        sign_ups::create, imports::create,
        sources::list, sources::ensure,
        subscribers::list, subscribers::create, subscribers::lookup, subscribers::get,
        subscribers::erase,
        subscribers::replace_profile, subscribers::restrict, subscribers::unrestrict,
        opt_ins::list, opt_ins::set, permissions::list, permissions::set, brand_choices::list,
        brand_choices::set, ledger::list,
        suppressions::list, suppressions::create, suppressions::delete,
        campaigns::list, campaigns::create, campaigns::get, campaigns::replace, campaigns::delete,
        campaigns::templates, campaigns::preview, campaigns::audience_preview, test_letters::send, preflights::show,
        campaign_life::schedule, campaign_life::unschedule, campaign_life::pause, campaign_life::resume, campaign_life::cancel, retries::retry,
        campaign_archive::put_in, campaign_archive::take_out, reports::show, reports::download, reports::link,
        unverified_reports::list,
        pace::list, pace::replace, pace::get_of_campaign, pace::set_of_campaign, pace::delete_of_campaign,
        status::show,
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "Brands", description = "The named entities that people deal with."),
        (name = "Topics", description = "What people can opt in to."),
        (name = "Sign-up forms", description = "Forms that offer a part of a brand's topics, for a page or another site."),
        (name = "Sources", description = "Where people's data came from."),
        (name = "Sign-ups", description = "People who ask to be written to, by a form of your own."),
        (name = "Subscribers", description = "People, what they agreed to, and the proof of it."),
        (name = "Imports", description = "Many people at once, from a file."),
        (name = "Suppressions", description = "Addresses that must never be used."),
        (name = "Campaigns", description = "One message to those who agreed to it."),
        (name = "Pace", description = "How fast letters may go."),
        (name = "Server", description = "How the server is doing."),
    )
)]
struct Handlers;

const DESCRIPTION: &str = "\
Manage brands, topics, people with their consent, and campaigns.

Send a key as `Authorization: Bearer mk_…`. Make one on the server: `mannerly api-key create`. Each operation names \
the scope that its key needs; the scope `admin` allows all.

To be safe against lost answers, send what acts with an `Idempotency-Key` of your choice, such as a UUID: what succeeded \
is answered again for 24 hours and not done again. How much of a key's limit is left stands in `RateLimit`.

Errors are `application/problem+json` (RFC 9457). Lists come by pages: pass `next` of one page as `after` for the \
next. Moments are RFC 3339 in UTC.";

/// The document.
pub fn document() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = Handlers::openapi();
        let components = document.components.get_or_insert_with(Components::new);
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key")).build();
        components.add_security_scheme("key", SecurityScheme::Http(bearer));
        for entry in table() {
            if let Some(operation) = operation_of(&mut document, &entry) {
                complete(operation, &entry);
            }
        }
        document
    })
}

/// The operation of a line of the route table, if it is part of the API.
fn operation_of<'a>(document: &'a mut Document, entry: &Entry) -> Option<&'a mut Operation> {
    let item = document.paths.paths.get_mut(entry.path)?;
    slot(item, &entry.method)?.as_mut()
}

fn slot<'a>(item: &'a mut PathItem, method: &Method) -> Option<&'a mut Option<Operation>> {
    match method.as_str() {
        "GET" => Some(&mut item.get),
        "POST" => Some(&mut item.post),
        "PUT" => Some(&mut item.put),
        "DELETE" => Some(&mut item.delete),
        _ => None,
    }
}

/// Adds what the handlers have in common: the scope, and the problems that any operation like it can answer with.
fn complete(operation: &mut Operation, entry: &Entry) {
    if let Some(scope) = entry.scope {
        operation.security = Some(vec![SecurityRequirement::new("key", [scope.as_str()])]);
        problem(operation, "401", "No key, or one that is unknown or revoked");
        problem(operation, "403", &format!("The key lacks the scope `{scope}`"));
    }
    if entry.path.contains('{') {
        problem(operation, "404", "There is no such thing");
    }
    without_null(operation);
    let changes_what_was_read = has_parameter(operation, ParameterIn::Header);
    if entry.method == Method::POST && entry.scope.is_some_and(idempotency::acts) {
        idempotent(operation);
    }
    let has_body = operation.request_body.is_some();
    if has_body {
        problem(operation, "413", "The body is too large");
        problem(operation, "415", "The body is of another type");
    }
    if changes_what_was_read {
        problem(operation, "412", "It was changed since it was read");
    }
    if has_body || has_parameter(operation, ParameterIn::Query) {
        problem(operation, "400", "The body or the query is damaged");
        problem(operation, "422", "Something breaks a rule; `errors` says where and which");
    }
    problem(operation, "429", "Too many requests; `Retry-After` says when to come again");
    problem(operation, "503", "The database does not answer; try again soon");
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with(['4', '5']), response) {
            let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            response.content.insert("application/problem+json".to_owned(), body.into());
        }
    }
}

/// A body that may be left out is described as what it is otherwise: utoipa adds that it may be `null`, and it may not.
fn without_null(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        if let RefOr::T(content) = content
            && let Some(RefOr::T(Schema::OneOf(either))) = &content.schema
            && let Some(named @ RefOr::Ref(_)) = either.items.first()
        {
            content.schema = Some(named.clone());
        }
    }
}

/// What may be sent again with the same key.
fn idempotent(operation: &mut Operation) {
    const KEY: &str = "Names the request: sent again with the same key it is answered as before and not done again. A string \
                       of RFC 8941 of 1 to 255 visible characters, or the same without quotes. What was refused may be sent \
                       again with the same key.";
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(KEY))
        .required(Required::False)
        .schema(Some(Object::with_type(Type::String)))
        .build();
    operation.parameters.get_or_insert_default().push(key.into());
    problem(operation, "400", "The body, the query or the `Idempotency-Key` is damaged");
    problem(operation, "409", "The request with this `Idempotency-Key` is being worked on, or was cut off");
    const OTHER: &str = "Something breaks a rule (`errors` says where and which), or the `Idempotency-Key` was sent with \
                         another request";
    problem(operation, "422", OTHER);
}

/// What a handler says itself about a status is more exact and stays.
fn problem(operation: &mut Operation, status: &str, description: &str) {
    let response = || ResponseBuilder::new().description(description).build().into();
    operation.responses.responses.entry(status.to_owned()).or_insert_with(response);
}

fn has_parameter(operation: &Operation, place: ParameterIn) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == place,
        RefOr::Ref(_) => false,
    })
}

/// `GET /api/openapi.json`: the document for programs.
pub async fn json() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(document())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn operations() -> Vec<(String, String, Operation)> {
        let mut document = document().clone();
        let mut found = Vec::new();
        for (path, item) in &mut document.paths.paths {
            for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
                if let Some(operation) = slot(item, &method).and_then(Option::take) {
                    found.push((method.to_string(), path.clone(), operation));
                }
            }
        }
        found
    }

    #[test]
    fn words_stand_in_the_document_as_the_api_takes_and_gives_them() {
        let document = serde_json::to_value(document()).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let words = |schema: &str| schemas[schema]["enum"].as_array().unwrap().clone();
        assert_eq!(words("PermissionKind"), ["opens", "clicks", "profiling"]);
        for (name, schema) in schemas {
            for word in schema["enum"].as_array().into_iter().flatten().filter_map(|word| word.as_str()) {
                assert_eq!(word, word.to_lowercase(), "{name}");
            }
        }
    }

    #[test]
    fn every_route_of_the_api_is_in_the_document_and_every_operation_has_a_route() {
        let described: BTreeSet<_> = operations().into_iter().map(|(m, p, _)| (m, p)).collect();
        let routed: BTreeSet<_> = table()
            .into_iter()
            .filter(|entry| entry.path.starts_with("/api/v1/"))
            .map(|entry| (entry.method.to_string(), entry.path.to_owned()))
            .collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn every_operation_says_its_scope_has_its_own_name_and_explains_itself() {
        let mut names = BTreeSet::new();
        for (method, path, operation) in operations() {
            let open = path.ends_with("/sign-ups");
            assert_eq!(operation.security.is_none(), open, "{method} {path}");
            assert!(operation.summary.is_some_and(|summary| !summary.is_empty()), "{method} {path}");
            assert!(names.insert(operation.operation_id), "{method} {path}");
            for (status, response) in operation.responses.responses {
                let RefOr::T(response) = response else { continue };
                let problem = response.content.contains_key("application/problem+json");
                assert_eq!(problem, status.starts_with(['4', '5']), "{method} {path} {status}");
                assert!(!response.description.is_empty(), "{method} {path} {status}");
            }
        }
    }

    #[test]
    fn only_the_bodies_that_may_be_left_out_are_not_required() {
        let optional: Vec<String> = operations()
            .into_iter()
            .filter(|(_, _, operation)| match &operation.request_body {
                Some(RefOr::T(body)) => body.required != Some(Required::True),
                _ => false,
            })
            .map(|(_, path, _)| path.rsplit('/').next().unwrap().to_owned())
            .collect();
        assert_eq!(optional, ["preview"]);
    }

    #[test]
    fn the_parameters_of_every_path_are_described() {
        for (method, path, operation) in operations() {
            let described = operation.parameters.iter().flatten().filter(|parameter| match parameter {
                RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Path,
                RefOr::Ref(_) => false,
            });
            assert_eq!(described.count(), path.matches('{').count(), "{method} {path}");
        }
    }

    #[test]
    fn every_reference_leads_to_a_type_and_no_two_types_share_a_name() {
        let text = serde_json::to_string(document()).unwrap();
        let components = document().components.as_ref().unwrap();
        for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(components.schemas.contains_key(name), "{name}");
        }
        for plain in ["Kind", "State", "Reason"] {
            assert!(!components.schemas.contains_key(plain), "{plain} needs #[schema(as = …)]");
        }
    }

    #[test]
    fn the_document_is_what_it_was() {
        insta::assert_json_snapshot!(document());
    }
}
