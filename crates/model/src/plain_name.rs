//! Names that payers give to what they keep here.

/// The longest name, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 64;

/// Whether a text has 1 to 64 lower-case letters, digits, `-` and `_`.
pub(crate) fn is_plain_name(text: &str) -> bool {
    let may_be_in =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(may_be_in)
}

/// The type of the names of one kind of thing, and the error of a text that is none.
macro_rules! plain_name {
    ($(#[$doc:meta])* $name:ident, $error:ident, $thing:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        #[doc = concat!("The text is no name of a ", $thing, ".")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        #[error(
            "a {}'s name has 1 to {} lower-case letters, digits, - and _",
            $thing,
            crate::plain_name::NAME_BYTES_MAX
        )]
        pub struct $error;

        impl $name {
            /// The name as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<$name, $error> {
                match crate::plain_name::is_plain_name(text) {
                    true => Ok($name(text.to_owned())),
                    false => Err($error),
                }
            }
        }
    };
}
pub(crate) use plain_name;
