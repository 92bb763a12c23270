//! A form as a browser has it: what it would post, and the changes that a person makes before they press a button.

use crate::support::http::Answer;
use crate::support::server::TestServer;

impl TestServer {
    /// Opens a page and reads the form with this button.
    pub(crate) async fn form(&self, path: &str, button: &str) -> BrowserForm {
        BrowserForm::with_button(&self.get(path).await.expect(200).text, button)
    }

    /// Presses the button of the page behind a confirmation link, for the list that it shows.
    pub(crate) async fn confirm(&self, link: &str) -> Answer {
        let page = self.get(link).await.text;
        let list = if page.contains(" name=\"list\"") { field(&page, "list") } else { "" };
        self.post_form(link, &[("list", list)]).await
    }

    /// Presses the button of a form, and goes where that leads.
    pub(crate) async fn press(&self, form: &BrowserForm) -> Answer {
        self.post_form(&form.action, &form.pressed()).await
    }
}

/// The fields of one form of a page.
#[derive(Debug, Clone)]
pub(crate) struct BrowserForm {
    /// Where it is posted to.
    pub(crate) action: String,
    fields: Vec<(String, String)>,
    /// The values of all boxes, by name, ticked or not.
    boxes: Vec<(String, String)>,
    button: String,
}

impl BrowserForm {
    /// The form of a page that has a button of this value, as it is before anybody touches it.
    #[track_caller]
    pub(crate) fn with_button(page: &str, button: &str) -> Self {
        let pressed = format!("name=\"action\" value=\"{button}\"");
        let forms = page.split("<form").skip(1).map(|rest| rest.split("</form>").next().unwrap_or_default());
        let form = forms.into_iter().find(|form| form.contains(&pressed));
        let form = form.unwrap_or_else(|| panic!("no form with the button {button}:\n{page}"));
        let mut read = Self {
            action: attribute(form, "action").to_owned(),
            fields: Vec::new(),
            boxes: Vec::new(),
            button: button.to_owned(),
        };
        for (at, _) in form.match_indices('<') {
            let tag = form[at + 1..].split('>').next().unwrap_or_default();
            let (name, value) = (attribute(tag, "name").to_owned(), attribute(tag, "value").to_owned());
            if tag.starts_with("select ") {
                let options = form[at..].split("</select>").next().unwrap_or_default();
                let chosen = options.split("<option").skip(1).find(|option| is_set(option, "selected"));
                let chosen = chosen.or_else(|| options.split("<option").nth(1)).unwrap_or_default();
                let (tag, text) = chosen.split_once('>').unwrap_or_default();
                // An option without a value posts what it says.
                let text = text.split('<').next().unwrap_or_default().trim().replace("&#38;", "&");
                let value = if tag.contains(" value=") { attribute(tag, "value").to_owned() } else { text };
                read.fields.push((name, value));
            } else if tag.starts_with("textarea ") {
                let text = form[at..].split_once('>').map_or("", |(_, rest)| rest);
                let text = text.split("</textarea>").next().unwrap_or_default();
                // A browser leaves out the first line break.
                read.fields.push((name, text.strip_prefix('\n').unwrap_or(text).to_owned()));
            } else if tag.starts_with("input ") {
                match attribute(tag, "type") {
                    "checkbox" | "radio" => {
                        if is_set(tag, "checked") {
                            read.fields.push((name.clone(), value.clone()));
                        }
                        read.boxes.push((name, value));
                    }
                    _ => read.fields.push((name, value)),
                }
            }
        }
        read
    }

    /// Ticks a box that is there.
    #[track_caller]
    pub(crate) fn tick(mut self, name: &str, value: &str) -> Self {
        let item = (name.to_owned(), value.to_owned());
        assert!(self.boxes.contains(&item), "there is no box {name} {value}: {:?}", self.boxes);
        if !self.fields.contains(&item) {
            self.fields.push(item);
        }
        self
    }

    /// Empties a box that is ticked.
    #[track_caller]
    pub(crate) fn untick(mut self, name: &str, value: &str) -> Self {
        let before = self.fields.len();
        self.fields.retain(|(n, v)| (n.as_str(), v.as_str()) != (name, value));
        assert_eq!(self.fields.len() + 1, before, "{name} {value} was not ticked");
        self
    }

    /// Empties every box of a name.
    pub(crate) fn untick_all(mut self, name: &str) -> Self {
        self.fields.retain(|(n, _)| n != name);
        self
    }

    /// Chooses or types a value.
    #[track_caller]
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(n, _)| n != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with another button of the form.
    pub(crate) fn pressing(mut self, button: &str) -> Self {
        button.clone_into(&mut self.button);
        self
    }

    /// What is posted when the button is pressed.
    pub(crate) fn pressed(&self) -> Vec<(&str, &str)> {
        let mut fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        fields.push(("action", &self.button));
        fields
    }
}

fn is_set(tag: &str, word: &str) -> bool {
    tag.split('>').next().unwrap_or_default().split_whitespace().any(|part| part == word)
}

/// An attribute of a tag; empty if it is not there.
pub(crate) fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let after = tag.split(&format!(" {name}=\"")).nth(1).unwrap_or_default();
    after.split('"').next().unwrap_or_default()
}

/// What each `<input>` of a page has inside.
pub(crate) fn inputs(page: &str) -> impl Iterator<Item = &str> {
    page.split("<input").skip(1).filter_map(|rest| rest.split('>').next())
}

/// The value of the first field of a name.
#[track_caller]
pub(crate) fn field<'a>(page: &'a str, name: &str) -> &'a str {
    let found = inputs(page).find(|tag| attribute(tag, "name") == name);
    attribute(found.unwrap_or_else(|| panic!("no field {name}:\n{page}")), "value")
}
