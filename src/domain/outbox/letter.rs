//! The words of service mails: the confirmation, links to the preferences and to the data we hold, and what a change of
//! address says to the new address and to the old one.
//!
//! They carry no promotion, no picture, no tracked link and no list header (M-10); the HTML and the text
//! part say the same and have the same links.

use askama::Template;

use crate::error::{Error, Result};
use crate::i18n::Lang;

/// Who writes: what the foot of each service mail says (L-09).
#[derive(Debug, Clone, Default)]
pub struct MailHead {
    /// The brand's name, as people know it.
    pub name: String,
    /// The company behind it.
    pub legal_name: String,
    /// Its registered address, on one line.
    pub registered_address: String,
    /// Where people can write to.
    pub contact_email: String,
    /// The privacy policy: an absolute URL.
    pub policy_url: String,
    /// The colour of the button, dark enough for white words: `#rrggbb`.
    pub accent: String,
}

/// Asks a person to confirm what somebody, most likely they, asked for.
#[derive(Debug, Clone)]
pub struct ConfirmationMail {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: MailHead,
    /// The page with the button: an absolute URL.
    pub link: String,
    /// What will be confirmed, such as "Newsletter by email".
    pub items: Vec<String>,
    /// For how many days the link works.
    pub valid_days: u32,
}

/// Brings a person the link to their preference page.
#[derive(Debug, Clone)]
pub struct PreferenceLinkMail {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: MailHead,
    /// The preference page: an absolute URL.
    pub link: String,
}

/// Brings a person a fresh link to the data we hold about them.
#[derive(Debug, Clone)]
pub struct DataLinkMail {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: MailHead,
    /// The page: an absolute URL.
    pub link: String,
    /// For how many hours the link works.
    pub valid_hours: u32,
}

/// Brings a new address the link with which it takes the old one's place.
#[derive(Debug, Clone)]
pub struct AddressChangeMail {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: MailHead,
    /// The page with the button: an absolute URL.
    pub link: String,
    /// For how many hours the link works.
    pub valid_hours: u32,
}

/// Tells an old address that another one took its place.
#[derive(Debug, Clone)]
pub struct AddressChangedMail {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: MailHead,
    /// The new address with most of it hidden.
    pub new: String,
    /// The day, as people read it.
    pub day: String,
}

/// Tells the owner of an address that somebody wanted to use it for another account.
#[derive(Debug, Clone)]
pub struct AddressTakenMail {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: MailHead,
    /// The preference page of the owner: an absolute URL.
    pub link: String,
}

/// What a service mail says.
#[derive(Debug, Clone)]
pub struct Words {
    /// The subject line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part, with the same links.
    pub text: String,
}

macro_rules! service_mail {
    (
        $mail:ident, |$lang:ident, $brand:ident| $subject:expr,
        $html:ident = $html_path:literal, $text:ident = $text_path:literal
    ) => {
        #[derive(Template)]
        #[template(path = $html_path)]
        struct $html<'a> {
            lang: Lang,
            brand: &'a MailHead,
            subject: &'a str,
            mail: &'a $mail,
        }

        #[derive(Template)]
        #[template(path = $text_path)]
        struct $text<'a> {
            lang: Lang,
            brand: &'a MailHead,
            mail: &'a $mail,
        }

        impl $mail {
            /// Writes it.
            ///
            /// # Errors
            /// [`Error::Internal`] if a template fails, which no data of ours can cause.
            pub fn write(&self) -> Result<Words> {
                let ($lang, $brand) = (self.lang, &self.brand);
                let subject = $subject.to_string();
                let html = $html { lang: self.lang, brand: &self.brand, subject: &subject, mail: self };
                let html = html.render().map_err(Error::internal)?;
                let text = $text { lang: self.lang, brand: &self.brand, mail: self };
                let text = text.render().map_err(Error::internal)?;
                Ok(Words { subject, html, text })
            }
        }
    };
}

service_mail!(
    ConfirmationMail,
    |lang, brand| lang.say("confirmation-subject").with("brand", &brand.name),
    ConfirmationHtml = "mail/confirmation.html",
    ConfirmationText = "mail/confirmation.txt"
);
service_mail!(
    PreferenceLinkMail,
    |lang, brand| lang.say("preference-link-subject").with("brand", &brand.name),
    PreferenceLinkHtml = "mail/preference_link.html",
    PreferenceLinkText = "mail/preference_link.txt"
);
service_mail!(
    DataLinkMail,
    |lang, brand| lang.say("data-link-subject").with("brand", &brand.name),
    DataLinkHtml = "mail/data_link.html",
    DataLinkText = "mail/data_link.txt"
);
service_mail!(
    AddressChangeMail,
    |lang, brand| lang.say("address-change-subject").with("brand", &brand.name),
    AddressChangeHtml = "mail/address_change.html",
    AddressChangeText = "mail/address_change.txt"
);
service_mail!(
    AddressChangedMail,
    |lang, brand| lang.say("address-changed-subject").with("brand", &brand.name),
    AddressChangedHtml = "mail/address_changed.html",
    AddressChangedText = "mail/address_changed.txt"
);
service_mail!(
    AddressTakenMail,
    |lang, brand| lang.say("address-taken-subject").with("brand", &brand.name),
    AddressTakenHtml = "mail/address_taken.html",
    AddressTakenText = "mail/address_taken.txt"
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Each service mail in each language, and how many links it has: those of its foot, and its own.
    fn mails() -> Vec<(Lang, Words, usize)> {
        Lang::ALL.into_iter().flat_map(mails_in).collect()
    }

    fn mails_in(lang: Lang) -> [(Lang, Words, usize); 6] {
        let brand = MailHead {
            name: "Civic Notes".into(),
            legal_name: "Notes & Sons".into(),
            registered_address: "1 Example Street, Exampleton".into(),
            contact_email: "privacy@civic.example.com".into(),
            policy_url: "https://civic.example.com/privacy".into(),
            accent: "#5b2a86".into(),
        };
        let link = "https://civic.example.com/x/token".to_owned();
        let items = vec!["Newsletter by email".to_owned(), "Transport by email".to_owned()];
        let confirmation =
            ConfirmationMail { lang, brand: brand.clone(), link: link.clone(), items, valid_days: 7 };
        let preferences = PreferenceLinkMail { lang, brand: brand.clone(), link: link.clone() };
        let change = AddressChangeMail { lang, brand: brand.clone(), link: link.clone(), valid_hours: 24 };
        let taken = AddressTakenMail { lang, brand: brand.clone(), link: link.clone() };
        let data = DataLinkMail { lang, brand: brand.clone(), link, valid_hours: 24 };
        let (new, day) = ("n•••@e•••.com".to_owned(), "3 May 2026".to_owned());
        let changed = AddressChangedMail { lang, brand, new, day };
        [
            (lang, confirmation.write().unwrap(), 3),
            (lang, preferences.write().unwrap(), 3),
            (lang, data.write().unwrap(), 3),
            (lang, change.write().unwrap(), 3),
            (lang, changed.write().unwrap(), 2),
            (lang, taken.write().unwrap(), 3),
        ]
    }

    #[test]
    fn both_parts_of_a_service_mail_have_the_same_links() {
        for (_, Words { subject, html, text }, links) in mails() {
            let in_html: Vec<&str> =
                html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            assert_eq!(in_html.len(), links, "{subject}");
            for href in in_html {
                assert!(text.contains(href.trim_start_matches("mailto:")), "{subject}: {href}");
            }
            // One of them is the address to write to.
            assert_eq!(text.matches("https://").count(), links - 1, "{subject}");
        }
    }

    #[test]
    fn a_service_mail_has_a_language_a_title_and_neither_picture_nor_promotion() {
        for (lang, Words { subject, html, text }, _) in mails() {
            assert!(html.contains(&format!("<html lang=\"{}\" dir=\"ltr\">", lang.tag())));
            assert!(html.contains(&format!("<title>{subject}</title>")));
            for element in ["<img", "<script", "<link", "<style"] {
                assert!(!html.contains(element), "{element}");
            }
            assert!(html.contains("Notes &#38; Sons") && text.contains("Notes & Sons"));
            assert!(!text.contains("\n\n\n"), "no gaps in the text part: {text}");
        }
    }
}
