//! The values that a template merges: looked up when they are named, so that a letter costs only the fields it uses.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, Value};

/// What can be merged for one person.
pub trait Values: fmt::Debug + Send + Sync + 'static {
    /// The value of a field that stands alone, as `first_name`; `None` if it is missing.
    fn field(&self, name: &str) -> Option<&str>;

    /// The name, if fields live in it, as `name` does in `brand`.
    fn group(&self, name: &str) -> Option<&'static str>;

    /// The value of a field in a group, as of `name` in `brand`; `None` if it is missing.
    fn member(&self, group: &str, name: &str) -> Option<&str>;
}

/// Values as the engine takes them; cheap to clone.
#[derive(Debug, Clone)]
pub struct Merge(pub(super) Value);

impl Merge {
    /// What is merged for one person.
    pub fn new(values: Arc<dyn Values>) -> Self {
        Self(Value::from_object(Root(values)))
    }

    /// Values of any form: lists too, which no letter has, although the language could go through them.
    #[cfg(test)]
    pub(in crate::mail) fn of(values: &impl serde::Serialize) -> Self {
        Self(Value::from(minijinja::value::Serde(values)))
    }
}

#[derive(Debug)]
struct Root(Arc<dyn Values>);

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        if let Some(name) = self.0.group(key) {
            return Some(Value::from_object(Group { values: Arc::clone(&self.0), name }));
        }
        self.0.field(key).map(Value::from)
    }
}

#[derive(Debug)]
struct Group {
    values: Arc<dyn Values>,
    name: &'static str,
}

impl Object for Group {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.values.member(self.name, key).map(Value::from)
    }
}
