//! The texts of a profile's page, such as its bio: one table, which manifests, the database, the API and
//! files read. A further text takes a row here, and a column of its name.

use serde::{Deserialize, Serialize};

/// The most bytes of a URL; a longer one is left out.
pub const URL_BYTES_MAX: usize = 2_048;

/// What a text is, and how much of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// Words for people, cut to a length.
    Words {
        /// The most characters.
        chars_max: usize,
    },
    /// A web address, of at most [`URL_BYTES_MAX`] bytes.
    Url,
}

/// Defines the texts. Everything else about them is made from this one table.
macro_rules! profile_texts {
    ($(#[doc = $meaning:literal] $name:ident = $field:ident { form: $form:expr })*) => {
        /// A text of a profile's page.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ProfileText {
            $(#[doc = $meaning] $name,)*
        }

        impl ProfileText {
            /// Every text. A new one comes last.
            pub const ALL: [ProfileText; [$(stringify!($field)),*].len()] = [$(ProfileText::$name),*];

            /// The name in manifests, the database, the API and files.
            pub const fn slug(self) -> &'static str {
                match self {
                    $(ProfileText::$name => stringify!($field),)*
                }
            }

            /// What it is, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(ProfileText::$name => $meaning.trim_ascii(),)*
                }
            }

            /// What it is, and how much of it is kept.
            pub const fn form(self) -> TextForm {
                match self {
                    $(ProfileText::$name => $form,)*
                }
            }
        }

        /// What there is for each text: of a page the text itself, of a manifest how to find it.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct ProfileTexts<T = String> {
            $(#[doc = $meaning] pub $field: Option<T>,)*
        }

        impl<T> ProfileTexts<T> {
            /// What `make` makes of each text.
            ///
            /// # Errors
            /// Those of `make`.
            pub fn try_from_fn<E>(
                mut make: impl FnMut(ProfileText) -> Result<Option<T>, E>,
            ) -> Result<ProfileTexts<T>, E> {
                Ok(ProfileTexts { $($field: make(ProfileText::$name)?,)* })
            }

            /// What there is for one text.
            pub fn get(&self, text: ProfileText) -> Option<&T> {
                match text {
                    $(ProfileText::$name => self.$field.as_ref(),)*
                }
            }
        }
    };
}

profile_texts! {
    /// The name that its owner chose to show.
    DisplayName = display_name { form: TextForm::Words { chars_max: 512 } }
    /// Its own words about itself.
    Bio = bio { form: TextForm::Words { chars_max: 10_000 } }
    /// Where its picture is.
    AvatarUrl = avatar_url { form: TextForm::Url }
    /// Where people see it.
    Url = url { form: TextForm::Url }
}

impl<T> ProfileTexts<T> {
    /// What `make` makes of each text.
    pub fn from_fn(mut make: impl FnMut(ProfileText) -> Option<T>) -> ProfileTexts<T> {
        let made = ProfileTexts::try_from_fn(|text| Ok::<_, std::convert::Infallible>(make(text)));
        match made {
            Ok(texts) => texts,
        }
    }

    /// The texts for which there is something, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (ProfileText, &T)> {
        ProfileText::ALL.into_iter().filter_map(|text| Some((text, self.get(text)?)))
    }
}

impl<T> Default for ProfileTexts<T> {
    fn default() -> ProfileTexts<T> {
        ProfileTexts::from_fn(|_| None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_written_under_its_name() {
        let texts = ProfileTexts::from_fn(|text| Some(text.meaning()));
        let json = serde_json::to_value(&texts).unwrap();
        for (text, meaning) in texts.iter() {
            assert_eq!(json[text.slug()], *meaning);
            assert!(meaning.ends_with('.') && meaning.trim() == *meaning, "{meaning}");
        }
        assert_eq!(json.as_object().unwrap().len(), ProfileText::ALL.len());
        let some: ProfileTexts = serde_json::from_str(r#"{"bio":"I am"}"#).unwrap();
        assert_eq!(some.iter().collect::<Vec<_>>(), [(ProfileText::Bio, &"I am".to_owned())]);
        assert_eq!(ProfileTexts::<u8>::default().iter().next(), None);
    }

    #[test]
    fn the_texts_of_the_first_release_keep_their_names_and_their_order() {
        let names = ProfileText::ALL.map(ProfileText::slug);
        assert_eq!(names[..4], ["display_name", "bio", "avatar_url", "url"]);
    }

    #[test]
    fn the_documentation_of_manifests_names_every_text() {
        let text = include_str!("../../../docs/manifests.md");
        let (_, selectors) = text.split_once("**`profile`**: selectors `").expect("it is there");
        let (selectors, _) = selectors.split_once('`').expect("it ends");
        let documented: Vec<&str> = selectors.split(' ').collect();
        let missing = ProfileText::ALL.map(ProfileText::slug);
        let missing: Vec<_> = missing.iter().filter(|name| !documented.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?} are not in {documented:?}");
    }
}
