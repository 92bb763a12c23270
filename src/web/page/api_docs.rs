//! The page on which people read the API's OpenAPI document, without a script or a network.
//!
//! The view model is the document already flattened: references resolved to names, types to words.

use askama::Template;

/// The API documentation.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/api_docs.html")]
pub struct ApiDocsPage {
    /// The API's name.
    pub title: String,
    /// The API's version.
    pub version: String,
    /// What it is for; an empty line parts paragraphs.
    pub description: String,
    /// Where the document itself is.
    pub document_url: String,
    /// The operations by tag.
    pub groups: Vec<ApiGroup>,
    /// The named types.
    pub schemas: Vec<ApiSchema>,
}

/// The operations of one tag.
#[derive(Debug, Clone, Default)]
pub struct ApiGroup {
    /// The tag.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
    /// The operations, in the document's order.
    pub operations: Vec<ApiOperation>,
}

impl ApiGroup {
    /// The element's id.
    pub fn anchor(&self) -> String {
        anchor("group", &self.name)
    }
}

/// One method of one path.
#[derive(Debug, Clone, Default)]
pub struct ApiOperation {
    /// `GET`, `POST`…
    pub method: String,
    /// The path with its parameters in braces.
    pub path: String,
    /// What it does, in a few words.
    pub summary: String,
    /// More about it; may be empty.
    pub description: String,
    /// The scope that the key needs; empty if none.
    pub scope: String,
    /// Parameters of path, query and header.
    pub parameters: Vec<ApiParameter>,
    /// The fields of the request's body; empty if it takes none.
    pub request_fields: Vec<ApiField>,
    /// The answers.
    pub responses: Vec<ApiResponse>,
}

impl ApiOperation {
    /// The element's id.
    pub fn anchor(&self) -> String {
        anchor(&self.method, &self.path)
    }

    fn request_caption(&self) -> String {
        format!("Fields of the body of {} {}", self.method, self.path)
    }
}

/// A parameter of an operation.
#[derive(Debug, Clone, Default)]
pub struct ApiParameter {
    /// Its name.
    pub name: String,
    /// `path`, `query` or `header`.
    pub location: String,
    /// Whether it must be there.
    pub required: bool,
    /// Its type, in words.
    pub kind: String,
    /// What it means.
    pub description: String,
}

/// A field of a body or of a named type.
#[derive(Debug, Clone, Default)]
pub struct ApiField {
    /// Its name.
    pub name: String,
    /// Its type, in words.
    pub kind: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it means.
    pub description: String,
}

/// A possible answer.
#[derive(Debug, Clone, Default)]
pub struct ApiResponse {
    /// The status code.
    pub status: String,
    /// When it is given.
    pub description: String,
}

/// A named type of the document.
#[derive(Debug, Clone, Default)]
pub struct ApiSchema {
    /// Its name.
    pub name: String,
    /// What it is; may be empty.
    pub description: String,
    /// Its fields.
    pub fields: Vec<ApiField>,
}

impl ApiSchema {
    /// The element's id.
    pub fn anchor(&self) -> String {
        anchor("type", &self.name)
    }

    fn caption(&self) -> String {
        format!("Fields of {}", self.name)
    }
}

/// An id of lower-case letters, digits and single hyphens.
fn anchor(prefix: &str, name: &str) -> String {
    let mut id = String::with_capacity(prefix.len() + name.len() + 1);
    for character in prefix.chars().chain(['-']).chain(name.chars()) {
        match character {
            c if c.is_ascii_alphanumeric() || c == '_' => id.push(c.to_ascii_lowercase()),
            _ if !id.ends_with('-') => id.push('-'),
            _ => {}
        }
    }
    id.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::anchor;

    #[test]
    fn an_anchor_is_short_and_safe_in_a_url() {
        assert_eq!(anchor("GET", "/api/v1/campaigns/{id}"), "get-api-v1-campaigns-id");
        assert_eq!(anchor("type", "NewTopic"), "type-newtopic");
    }
}
