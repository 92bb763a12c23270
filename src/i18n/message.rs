//! One message with what is put into it: to be said now in a known language, or later in the reader's.

use std::fmt;

use askama::filters::{HtmlSafe, escape};
use fluent_bundle::{FluentArgs, FluentValue};

use super::Lang;

/// What can be put into a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, as it is.
    Text(String),
    /// A number, which also decides between singular and plural.
    Number(i64),
}

/// A message and what is put into it, without the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    id: &'static str,
    args: Vec<(&'static str, Value)>,
}

impl Message {
    /// The message of this name.
    pub fn new(id: &'static str) -> Self {
        Self { id, args: Vec::new() }
    }

    /// With `value` where the message says `{ $name }`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Argument) -> Self {
        self.args.push((name, value.to_value()));
        self
    }

    /// The message in a language.
    pub fn say(&self, lang: Lang) -> String {
        self.say_with(lang, Value::clone)
    }

    fn say_with(&self, lang: Lang, prepare: impl Fn(&Value) -> Value) -> String {
        let mut args = FluentArgs::with_capacity(self.args.len());
        for (name, value) in &self.args {
            match prepare(value) {
                Value::Text(text) => args.set(*name, FluentValue::from(text)),
                Value::Number(number) => args.set(*name, FluentValue::from(number)),
            }
        }
        lang.format(self.id, &args)
    }
}

/// A message in a language, as text.
#[derive(Debug, Clone)]
pub struct Saying {
    lang: Lang,
    message: Message,
}

impl Saying {
    pub(super) fn new(lang: Lang, message: Message) -> Self {
        Self { lang, message }
    }

    /// With `value` where the message says `{ $name }`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Argument) -> Self {
        self.message = self.message.with(name, value);
        self
    }
}

impl fmt::Display for Saying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message.say(self.lang))
    }
}

/// A message in a language, whose own markup stays and whose values are escaped.
#[derive(Debug, Clone)]
pub struct Markup(Saying);

impl Markup {
    pub(super) fn new(lang: Lang, id: &'static str) -> Self {
        Self(Saying::new(lang, Message::new(id)))
    }

    /// With `value` where the message says `{ $name }`, escaped.
    #[must_use]
    pub fn with(self, name: &'static str, value: impl Argument) -> Self {
        Self(self.0.with(name, value))
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = |value: &Value| match value {
            Value::Text(text) => match escape(text, askama::filters::Html) {
                Ok(escaped) => Value::Text(escaped.to_string()),
                Err(never) => match never {},
            },
            Value::Number(number) => Value::Number(*number),
        };
        f.write_str(&self.0.message.say_with(self.0.lang, escaped))
    }
}

impl HtmlSafe for Markup {}

/// A value that can be put into a message.
pub trait Argument {
    /// The value.
    fn to_value(&self) -> Value;
}

impl Argument for str {
    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl Argument for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl Argument for Saying {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

impl<T: Argument + ?Sized> Argument for &T {
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Argument for $number {
            fn to_value(&self) -> Value {
                Value::Number(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }
    )+};
}
numbers!(i8, i16, i32, u32, i64, u64, usize);
