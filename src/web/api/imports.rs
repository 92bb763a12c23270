//! Imports: a CSV file of people with the evidence of what they agreed to.

use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use serde::Deserialize;

use crate::app::App;
use crate::clock::Moment;
use crate::domain::account::{ApiKey, Scope};
use crate::domain::audience::source::{self, Kind, SourceForm};
use crate::domain::consent::opt_in::Basis;
use crate::domain::intake::import::{self, ImportForm, ImportReport};
use crate::error::Error;
use crate::id::Slug;
use crate::web::api::body::Upload;
use crate::web::api::{Answer, ok};
use crate::web::problem::refusal;

/// The largest file, in octets; larger ones go through the command line, which reads them as a stream.
pub const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What is said of a whole file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The brand that the people agreed to hear from.
    brand: Slug,
    /// The name of the source; found, or made. A supplier is made, and its terms are changed, only with the scope `catalog`.
    source: String,
    /// What kind of source it is: `import` of your own contacts if left out, or `supplier`.
    source_kind: Option<Kind>,
    /// The supplier's transparency policy.
    policy_url: Option<String>,
    /// From when the supplier's licence holds.
    licence_from: Option<Moment>,
    /// Until when the supplier's licence holds.
    licence_until: Option<Moment>,
    /// The lawful basis of every grant in the file.
    basis: Basis,
    /// For consent: the wording that the people agreed to, exactly.
    wording: Option<String>,
    /// The version of the privacy policy that they were shown; the brand's present one if left out.
    policy_version: Option<String>,
    /// For the soft opt-in: that everyone could object when the address was collected, and ever since.
    #[serde(default)]
    optout_offered_at_collection: bool,
}

/// A CSV file.
pub struct CsvFile(Vec<u8>);

impl FromRequest for CsvFile {
    type Error = actix_web::Error;
    type Future = std::pin::Pin<Box<dyn std::future::Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        if request.content_type() != "text/csv" {
            let refused =
                refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send the file as text/csv, in UTF-8", &[]);
            return Box::pin(async { Err(refused) });
        }
        let file = Upload::<FILE_BYTES_MAX>::from_request(request, payload);
        Box::pin(async move { file.await.map(|Upload(bytes)| Self(bytes)) })
    }
}

/// Import people from a CSV file
///
/// The columns: `email`, and if wanted `first_name`, `last_name`, `company`, `country`, `phone`, `postal_address`,
/// `locale`, `attributes.NAME`, `topics` (such as `newsletter:email transport:post`), `consented_at`, `state`
/// (`granted` or `pending`), `permission_opens` and `permission_clicks` (`yes`, `no` or empty).
///
/// Good rows are kept and each bad one is reported by its line. Importing a file twice changes nothing the second
/// time. No import undoes a suppression or a withdrawal, or changes a person whose processing is restricted. At most 32 MB; `mannerly import` takes any size.
#[utoipa::path(post, path = "/api/v1/imports", operation_id = "import_people", tag = "Imports", params(ImportQuery),
    request_body(content_type = "text/csv", description = "The file", content = String),
    responses((status = 200, description = "What became of the rows", body = ImportReport),
        (status = 403, description = "The key lacks the scope `write_person`, or `catalog` to make a supplier or change one"),
        (status = 404, description = "There is no such brand")))]
pub async fn create(
    app: web::Data<App>,
    key: web::ReqData<ApiKey>,
    query: web::Query<ImportQuery>,
    file: CsvFile,
) -> Answer {
    let query = query.into_inner();
    let form = ImportForm {
        brand: query.brand.to_string(),
        source: SourceForm {
            name: query.source,
            kind: query.source_kind.unwrap_or(Kind::Import),
            policy_url: query.policy_url,
            licence_from: query.licence_from,
            licence_until: query.licence_until,
        },
        basis: query.basis,
        wording: query.wording,
        policy_version: query.policy_version,
        optout_offered_at_collection: query.optout_offered_at_collection,
    };
    if !key.allows(Scope::Catalog) {
        let origin = form.source.clone();
        if !app.db.read(move |conn| source::is_nothing_new(conn, &origin)).await? {
            return Err(Error::Forbidden(Scope::Catalog.as_str()).into());
        }
    }
    let app = app.get_ref().clone();
    let now = app.clock.now();
    let work = move || import::run(&app.db, &app.keys, &form, file.0.as_slice(), now, |_| ());
    let report = web::block(work).await.map_err(Error::internal)??;
    ok(&report)
}
