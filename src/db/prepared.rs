//! Statements that run thousands of times a second: prepared once, and found again by their text.
//!
//! diesel takes an update, an upsert and a limit for statements whose text may change from one call to the next, and
//! has them prepared anew each time, which costs more than running them. Whoever writes [`prepared`] says that this one's
//! text is always the same.
//!
//! SQLite has a habit of its own: a statement in which a partial index hangs on a value, as in `state = ?`, is prepared anew
//! whenever the value is given. Such values stand in the text: [`fixed`].

use diesel::backend::Backend;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Bool;
use diesel::{QueryResult, RunQueryDsl};

/// A condition as SQL text, which holds no value that changes.
pub fn fixed(condition: &'static str) -> SqlLiteral<Bool> {
    sql(condition)
}

/// A statement made by [`prepared`].
#[derive(Debug, Clone, Copy)]
pub struct Prepared<Q>(Q);

/// A statement whose text is the same each time it runs. To be executed on a concrete connection (`on_backend!`): the common
/// one asks behind a reference, which does not know of this. It must hold no list of values of changing length; see
/// [`among`](crate::db::among()) for those.
pub fn prepared<Q>(statement: Q) -> Prepared<Q> {
    Prepared(statement)
}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    // Not among what diesel promises to keep; should it go, this no longer compiles and the statements are slower.
    fn is_safe_to_cache_prepared(&self, _backend: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, Connection> RunQueryDsl<Connection> for Prepared<Q> {}
