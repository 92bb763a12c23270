//! A person's tracking permissions: read, and set by a program that asked them and can prove it.

use actix_web::web;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::account::ApiKey;
use crate::domain::audience::source;
use crate::domain::audience::subscriber::Subscriber;
use crate::domain::catalog::brand;
use crate::domain::consent::opt_in::Basis;
use crate::domain::consent::permission::{Kind, State as PermissionState, of_subscriber};
use crate::domain::consent::told::{self, Claim, Told};
use crate::domain::consent::{Method, Statement};
use crate::domain::tracking::permission;
use crate::error::{Error, Result, if_there};
use crate::id::{PublicId, Slug};
use crate::web::api::body::Body;
use crate::web::api::evidence::{self, Evidence};
use crate::web::api::paging::Page;
use crate::web::api::subscribers::{hold_living, living};
use crate::web::api::{Answer, Names, changed, ok};

/// The present answer about one kind of tracking by one brand. What was never asked is not there, and means no.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = TrackingPermission)]
pub struct PermissionView {
    /// The brand.
    brand: String,
    /// What for.
    kind: Kind,
    /// The present answer.
    state: PermissionState,
    /// Since when it is the answer.
    changed_at: Moment,
}

/// Permissions to set, and what the person saw when they gave them.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PermissionChanges {
    /// The answers, at most 200; those not named stay as they are.
    permissions: Vec<PermissionChange>,
    /// What the person saw; required unless all of them end.
    #[serde(default)]
    evidence: Option<Evidence>,
}

/// One permission to set.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PermissionChange {
    /// The brand.
    brand: Slug,
    /// What for.
    kind: Kind,
    /// Whether it is allowed.
    granted: bool,
}

/// Read a subscriber's tracking permissions
#[utoipa::path(get, path = "/api/v1/subscribers/{subscriber}/permissions", operation_id = "list_permissions",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id")),
    responses((status = 200, description = "All of them at once", body = Page<PermissionView>)))]
pub async fn list(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    let page = app
        .db
        .read(move |conn| {
            let person = living(conn, id.into_inner())?;
            views(conn, person.id)
        })
        .await?;
    ok(&page)
}

/// Set tracking permissions of a subscriber
///
/// All of them or none. Allowing needs evidence that says when. What the person refused or took back since is not allowed by
/// it, nor anything while they object or processing is restricted. Taking a permission back deletes what was recorded
/// because of it. A key without `read_person` is answered without a body (204).
#[utoipa::path(put, path = "/api/v1/subscribers/{subscriber}/permissions", operation_id = "set_permissions",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id")),
    request_body = PermissionChanges,
    responses((status = 200, description = "All permissions of the subscriber", body = Page<PermissionView>),
        (status = 204, description = "Done; the key may not read people"),
        (status = 409, description = "The person refused it since, objects, or processing is restricted")))]
pub async fn set(
    app: web::Data<App>,
    key: web::ReqData<ApiKey>,
    id: web::Path<PublicId>,
    changes: Body<PermissionChanges>,
) -> Answer {
    let (now, actor) = (app.clock.now(), key.actor());
    let page = app
        .db
        .write(move |conn| {
            let person = hold_living(conn, id.into_inner())?;
            apply(conn, &person, &changes.0, &actor, now)?;
            views(conn, person.id)
        })
        .await?;
    changed(&key, &page)
}

fn apply(
    conn: &mut DbConnection,
    person: &Subscriber,
    changes: &PermissionChanges,
    actor: &str,
    now: Moment,
) -> Result<()> {
    if changes.permissions.len() > 200 {
        return Err(Error::invalid("permissions", "At most 200 answers at once"));
    }
    for (index, change) in changes.permissions.iter().enumerate() {
        let brand = if_there(brand::find(conn, change.brand.as_str()))?
            .ok_or_else(|| Error::invalid(format!("permissions.{index}.brand"), "There is no such brand"))?;
        let statement = Statement {
            subscriber: person.id,
            brand: brand.id,
            evidence: evidence::keep(conn, changes.evidence.as_ref(), &brand, change.granted)?,
            method: Method::Api,
            actor,
            campaign: None,
            at: now,
            source: None,
        };
        if !change.granted {
            permission::set(conn, &statement, change.kind, false)?;
            continue;
        }
        told::unrestricted(person)?;
        let boxes = [change.kind.to_string(), format!("permission:{}", change.kind)];
        let given = evidence::given(changes.evidence.as_ref(), &boxes.each_ref().map(String::as_str), now)?;
        let claim = Claim {
            basis: Basis::Consent,
            supplied: source::get(conn, person.source_id)?.kind == source::Kind::Supplier,
            wording: given.wording,
            optout_offered: false,
        };
        if let Some((field, detail)) = told::fault(&brand, &claim) {
            return Err(Error::invalid(format!("evidence.{field}"), detail));
        }
        let name = format!("permissions.{index}");
        told::allow(conn, &Told { statement, given_at: given.at, name: &name }, change.kind)?;
    }
    Ok(())
}

fn views(conn: &mut DbConnection, person: i64) -> Result<Page<PermissionView>> {
    let mut brands = Names::of_brands();
    let mut items = Vec::new();
    for row in of_subscriber(conn, person)? {
        items.push(PermissionView {
            brand: brands.of(conn, row.brand_id)?,
            kind: row.kind,
            state: row.state,
            changed_at: row.changed_at,
        });
    }
    items.sort_by(|a, b| (&a.brand, a.kind).cmp(&(&b.brand, b.kind)));
    Ok(Page { items, next: None })
}
