//! The gate inside the write (T-07), as one statement: whose hits of a campaign may be stored at this moment.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::db::DbConnection;
use crate::domain::consent::permission::Kind;
use crate::error::Result;

/// What both databases ask of a letter (`d`), its person (`s`) and the permission (`p`). The person allows this kind
/// now and is neither erased nor restricted (GDPR Art. 18). The letter went out with permission, and that permission is
/// still the one of then: one that was taken back and given again is good for later letters only, and a letter that
/// waits to be tried again says nothing of then any more. And nobody may be observed who objected to direct marketing
/// (GDPR Art. 21), was erased, or is a child, whatever the permission says.
macro_rules! conditions {
    () => {
        "WHERE CASE p.kind WHEN 'opens' THEN d.tracks_opens ELSE d.tracks_clicks END AND d.state <> 'planned' \
         AND s.erased_at IS NULL AND s.restricted_at IS NULL \
         AND p.state = 'granted' AND (d.finished_at IS NULL OR p.changed_at <= d.finished_at) \
         AND NOT EXISTS (SELECT 1 FROM suppression AS x WHERE x.address_hash = s.email_hash \
             AND x.reason IN ('objection', 'erasure', 'under_13') AND (x.brand_id IS NULL OR x.brand_id = p.brand_id) \
             AND NOT EXISTS (SELECT 1 FROM suppression_exception AS e \
                 WHERE e.suppression_id = x.id AND e.brand_id = p.brand_id))"
    };
}

/// CROSS tells SQLite in which order to look.
const ON_SQLITE: &str = concat!(
    "SELECT h.value AS person FROM json_each($1) AS h \
     CROSS JOIN delivery AS d ON d.campaign_id = $2 AND d.subscriber_id = h.value \
     CROSS JOIN permission AS p ON p.subscriber_id = h.value AND p.brand_id = $3 AND p.kind = $4 \
     CROSS JOIN subscriber AS s ON s.id = h.value ",
    conditions!()
);

const ON_POSTGRES: &str = concat!(
    "SELECT h.value AS person FROM UNNEST($1) AS h (value) \
     JOIN delivery AS d ON d.campaign_id = $2 AND d.subscriber_id = h.value \
     JOIN permission AS p ON p.subscriber_id = h.value AND p.brand_id = $3 AND p.kind = $4 \
     JOIN subscriber AS s ON s.id = h.value ",
    conditions!()
);

#[derive(QueryableByName)]
struct Allowed {
    #[diesel(sql_type = BigInt)]
    person: i64,
}

/// Whose hits of this kind on letters of this campaign may be stored now, in order; `people` are in order too.
///
/// # Errors
/// Of the database.
pub(super) fn load(
    conn: &mut DbConnection,
    campaign: i64,
    brand: i64,
    kind: Kind,
    people: &[i64],
) -> Result<Vec<i64>> {
    macro_rules! load {
        ($conn:expr, $text:expr, $list:ty, $people:expr) => {
            prepared!(
                diesel::sql_query($text)
                    .bind::<$list, _>($people)
                    .bind::<BigInt, _>(campaign)
                    .bind::<BigInt, _>(brand)
                    .bind::<Text, _>(kind)
            )
            .load::<Allowed>($conn)?
        };
    }
    if people.is_empty() || kind == Kind::Profiling {
        return Ok(Vec::new());
    }
    let allowed = match conn {
        DbConnection::Sqlite(c) => load!(c, ON_SQLITE, Text, serde_json::to_string(people)?),
        DbConnection::Postgres(c) => load!(c, ON_POSTGRES, Array<BigInt>, people),
    };
    let mut allowed: Vec<i64> = allowed.into_iter().map(|Allowed { person }| person).collect();
    allowed.sort_unstable();
    Ok(allowed)
}
