//! Statements that run thousands of times a second: prepared once, and found again by their place in the source.
//!
//! diesel takes an update, an upsert and a limit for statements whose text may change from one call to the next, and
//! has them prepared anew each time, which costs more than running them. Others it finds again by their type, and these
//! by their text, which has to be written first. Whoever writes `prepared!` says that this one's text is always the
//! same.
//!
//! SQLite has a habit of its own: a statement in which a partial index hangs on a value, as in `state = ?`, is prepared
//! anew whenever the value is given. Such values stand in the text: [`fixed`].

use std::marker::PhantomData;

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

/// A statement whose text is the same each time it runs from here. To be loaded on a concrete connection
/// (`on_backend!`): the common one, and `execute` too, ask behind a reference, which does not know of this; an update
/// returns something therefore. It must hold no list of values of changing length; see [`among`](crate::db::among())
/// for those.
macro_rules! prepared {
    ($statement:expr) => {
        // No two closures have the same type.
        $crate::db::Prepared::here(|| (), $statement)
    };
}

/// A statement made by `prepared!`; `Place` is a type that nobody else has.
pub struct Prepared<Q, Place> {
    statement: Q,
    place: PhantomData<fn() -> Place>,
}

impl<Q, Place: Copy + 'static> Prepared<Q, Place> {
    /// To be called by `prepared!` alone.
    pub fn here(_: Place, statement: Q) -> Self {
        Self { statement, place: PhantomData }
    }
}

impl<Q, Place> std::fmt::Debug for Prepared<Q, Place> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Prepared")
    }
}

impl<Q: QueryFragment<DB>, DB: Backend, Place> QueryFragment<DB> for Prepared<Q, Place> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.statement.walk_ast(out)
    }

    // Not among what diesel promises to keep; should it go, this no longer compiles and the statements are slower.
    fn is_safe_to_cache_prepared(&self, _backend: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q, Place: 'static> QueryId for Prepared<Q, Place> {
    type QueryId = Place;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Q: Query, Place> Query for Prepared<Q, Place> {
    type SqlType = Q::SqlType;
}

impl<Q, Place, Connection> RunQueryDsl<Connection> for Prepared<Q, Place> {}
