//! The pages about what we hold: the data with its copy, its correction and its end, and another address.

use askama::Template;

use crate::error::Problem;
use crate::i18n::Lang;

use super::BrandView;
use super::form::{FactGroup, TextField};

/// What we hold about a person, behind a link mailed just now (SEC-04).
///
/// It posts `action` = `copy`, `correct` with what was typed, `change-address` with `new_email`, or `erase` with
/// `understood` = `yes`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "pages/data.html")]
pub struct DataPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Where the forms are posted to: the page's own URL.
    pub action: String,
    /// The full address.
    pub address: String,
    /// That use of the person's data is restricted and nothing is sent, as a sentence; usually empty.
    pub restricted: String,
    /// What else we hold, in the order to show it.
    pub groups: Vec<FactGroup>,
    /// What stands in the form that corrects it.
    pub typed: DataTyped,
    /// Stands for what the form showed when it was opened.
    pub version: String,
    /// The tag of the language that is stored; empty for none.
    pub locale: String,
    /// What was typed as the new address.
    pub new_email: String,
    /// Whether a correction was saved just now.
    pub saved: bool,
    /// What is wrong; `field` is the name of an input.
    pub errors: Vec<Problem>,
}

/// What a person typed about themselves, or what is held.
#[derive(Debug, Clone, Default)]
pub struct DataTyped {
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The company.
    pub company: String,
    /// The country, by its name or in two letters.
    pub country: String,
    /// The telephone number.
    pub phone: String,
    /// The postal address, on one or more lines.
    pub postal_address: String,
    /// The tag of the language that is chosen; empty for none.
    pub locale: String,
}

impl DataPage {
    /// Answer with the copy as a file.
    pub const COPY: &'static str = "copy";
    /// Store what was typed.
    pub const CORRECT: &'static str = "correct";
    /// Mail a link to `new_email`.
    pub const CHANGE_ADDRESS: &'static str = "change-address";
    /// Erase, if `understood` is `yes`.
    pub const ERASE: &'static str = "erase";
    /// In the query of the address that a saved correction leads to.
    pub const SAVED: &'static str = "saved";

    /// The fields of the correction.
    pub fn fields(&self) -> Vec<TextField> {
        let (lang, typed) = (self.lang, &self.typed);
        let line = TextField::text;
        let post = TextField {
            kind: "textarea",
            ..line("postal_address", lang.say("post-label"), "street-address")
        };
        let fields = [
            (
                line("first_name", lang.say("first-name-label"), "given-name")
                    .because(lang.say("first-name-hint")),
                &typed.first_name,
            ),
            (
                line("last_name", lang.say("last-name-label"), "family-name")
                    .because(lang.say("last-name-hint")),
                &typed.last_name,
            ),
            (
                line("company", lang.say("company-label"), "organization").because(lang.say("company-hint")),
                &typed.company,
            ),
        ];
        let reached = [
            (TextField::phone(lang, lang.say("correct-phone-hint")), &typed.phone),
            (post.because(lang.say("correct-post-hint")), &typed.postal_address),
        ];
        let fill = |(field, value): (TextField, &String)| field.filled(value, &self.errors);
        let country = TextField::country(lang, lang.say("country-hint"), &typed.country, &self.errors);
        fields.into_iter().map(fill).chain([country]).chain(reached.into_iter().map(fill)).collect()
    }

    /// The field for another address.
    pub fn address_fields(&self) -> Vec<TextField> {
        let (lang, name) = (self.lang, "new_email");
        let field = TextField::text(name, lang.say("new-address-label"), "email");
        let field =
            TextField { kind: "email", required: true, ..field }.because(lang.say("new-address-hint"));
        vec![field.filled(&self.new_email, &self.errors)]
    }

    /// What is wrong with the box, if anything.
    pub fn understood_error(&self) -> Option<&str> {
        self.errors.iter().find(|p| p.field == "understood").map(|p| p.detail.as_str())
    }
}

/// The account is closed and the data erased.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/erased.html")]
pub struct ErasedPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
}

/// A link to the new address is on its way; the same whoever has that address (SEC-05).
#[derive(Debug, Clone, Template)]
#[template(path = "pages/address_sent.html")]
pub struct AddressSentPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// The new address, as it was read: so a slip of the pen is seen.
    pub address: String,
    /// For how many hours the link works.
    pub valid_hours: u32,
    /// The page of the data.
    pub data_url: String,
}

/// What the link to a new address shows: one button. Opening it changes nothing.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/address_confirm.html")]
pub struct AddressConfirmPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Where the button posts to.
    pub action: String,
    /// The old address with most of it hidden.
    pub old: String,
    /// The new one in the same way.
    pub new: String,
    /// What one says with the button: shown exactly so, and kept in the ledger.
    pub wording: String,
}

/// The new address is in use.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/address_changed.html")]
pub struct AddressChangedPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// The address with most of it hidden.
    pub address: String,
    /// Whether no emails come, because the new address once said no to them.
    pub refused: bool,
    /// The preference page.
    pub preferences_url: String,
}

/// Why a link of ours that was good once is good for nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// It showed personal data, and worked for so many hours.
    DataTooOld(u32),
    /// It showed personal data, and was mailed to an address that the person has no more.
    Moved,
    /// It was to use another address, and worked for so many hours.
    ChangeTooOld(u32),
    /// It was to use another address, and a newer one took its place.
    Overtaken,
}

/// A link that is good for nothing any more: why, and where to get a fresh one.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/link_gone.html")]
pub struct LinkGonePage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Why.
    pub why: Gone,
    /// Where one asks for the link to one's choices, which leads to the rest.
    pub link_url: String,
}

impl LinkGonePage {
    fn reason(&self) -> String {
        match self.why {
            Gone::DataTooOld(hours) => self.lang.say("gone-data").with("hours", hours),
            Gone::Moved => self.lang.say("gone-moved"),
            Gone::ChangeTooOld(hours) => self.lang.say("gone-change").with("hours", hours),
            Gone::Overtaken => self.lang.say("gone-overtaken"),
        }
        .to_string()
    }
}

/// The new address has an owner by now.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/address_taken.html")]
pub struct AddressTakenPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Where that owner gets the link to their choices.
    pub link_url: String,
}
