//! What a change of the vendor's interface means for Rust users: the table of rules.

use std::fmt;

/// The release that a change needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bump {
    /// Nothing differs.
    None,
    /// Nothing in the public interface changes.
    Patch,
    /// Existing code compiles.
    Minor,
    /// Existing code can stop compiling.
    Major,
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

/// The section of the changelog that a change belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `### Added`.
    Added,
    /// `### Changed`.
    Changed,
    /// `### Deprecated`.
    Deprecated,
    /// `### Removed`.
    Removed,
    /// Users do not notice it.
    Nowhere,
}

macro_rules! rules {
    ($($name:ident, $bump:ident, $section:ident, $what:literal, $why:literal;)*) => {
        /// Kinds of changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum What {
            $(#[doc = $what] $name,)*
        }

        impl What {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The release that it needs.
            #[must_use]
            pub const fn bump(self) -> Bump {
                match self {
                    $(Self::$name => Bump::$bump,)*
                }
            }

            /// Where the changelog has it.
            #[must_use]
            pub const fn section(self) -> Section {
                match self {
                    $(Self::$name => Section::$section,)*
                }
            }

            /// What it is, in words.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $what,)*
                }
            }

            /// Why it needs the release.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self {
                    $(Self::$name => $why,)*
                }
            }
        }
    };
}

rules! {
    VersionAdded, Minor, Added, "new version", "adds a module and an accessor";
    VersionEnded, Major, Deprecated, "version ended", "its accessor needs `ended-versions`, which a build without default features lacks";
    VersionUnlisted, Patch, Changed, "default version no longer listed", "its accessor stays; documentation says so";
    VersionRestored, Minor, Changed, "version no longer ended", "its accessor needs `ended-versions` no more";
    VersionDeprecated, Minor, Deprecated, "version deprecated", "its accessor's documentation says so";
    VersionState, Patch, Changed, "state", "only tables and documentation name it";
    LifecycleDate, Patch, Changed, "end date", "only tables, documentation and a warning at run time name it";
    VersionsListed, Patch, Changed, "listed versions", "only tables and documentation name them";
    ListRead, Patch, Nowhere, "day of the list", "only tables name it";
    Endpoint, Patch, Changed, "endpoint", "URLs are no part of the interface";
    Protocol, Patch, Changed, "path, headers, authentication or statuses", "the request or its result changes, no signature";
    OperationAdded, Minor, Added, "new operation", "adds a method";
    OperationRemoved, Major, Removed, "operation removed", "removes a method";
    OperationRenamed, Major, Changed, "operation renamed", "renames a method and its types";
    OperationDeprecated, Minor, Deprecated, "operation deprecated", "its method is deprecated";
    ArgumentAdded, Major, Changed, "new required parameter", "the method takes another argument";
    ArgumentOrder, Major, Changed, "order of arguments", "calls still compile, with swapped values";
    OptionAdded, Minor, Added, "new optional parameter", "adds a setter to the call";
    ParameterRemoved, Major, Removed, "parameter removed", "removes an argument or a setter";
    ParameterRequired, Major, Changed, "parameter required", "a setter becomes an argument, or the reverse";
    ParameterType, Major, Changed, "type of a parameter", "the argument has another type";
    BodyAdded, Major, Changed, "new request body", "the method takes another argument";
    BodyRemoved, Major, Changed, "request body removed", "the method loses an argument";
    BodyType, Major, Changed, "type of a request", "the argument has another type";
    ResponseType, Major, Changed, "type of a response", "the method returns another type";
    ModelAdded, Minor, Added, "new model", "adds a type";
    ModelRemoved, Major, Removed, "model removed", "removes a type";
    ModelRenamed, Major, Changed, "model renamed", "its type has another name";
    ResponseFieldAdded, Minor, Added, "new field of a response", "response types are `#[non_exhaustive]`";
    FirstRequiredField, Major, Changed, "first required field of a response", "the type loses `Default`";
    RequestFieldAdded, Minor, Added, "new optional field of a request", "adds a setter";
    RequestFieldRequired, Major, Changed, "new required field of a request", "`new` or the builder asks for it";
    FieldRemoved, Major, Removed, "field removed", "fields are public";
    FieldPresence, Major, Changed, "field required or nullable", "`T`, `Option<T>` and `Patch<T>` differ, or `new` takes other arguments";
    FieldNull, Patch, Nowhere, "absence or null of a field", "the field is an `Option` before and after";
    FieldType, Major, Changed, "type of a field", "fields are public";
    FieldOrder, Major, Changed, "order of required fields", "`new` takes its arguments in this order";
    ModelUse, Major, Changed, "use of a model", "its type loses `Deserialize`, or `new` and the setters";
    TraitsLost, Major, Changed, "model with a secret", "the type loses `Serialize` and `PartialEq`";
    EnumValueAdded, Minor, Added, "new value", "the enumeration is `#[non_exhaustive]` and kept the value before";
    EnumValueRemoved, Major, Removed, "value removed", "removes a variant";
    LimitTightened, Minor, Changed, "tighter limit", "a request that was sent can be rejected before sending";
    LimitLoosened, Patch, Changed, "looser limit", "no request is rejected that was sent before";
    ResponseLimit, Patch, Nowhere, "limit of a response", "responses are not validated";
    Default, Patch, Changed, "default", "the service applies it; only documentation names it";
    TypeSplit, Minor, Changed, "type no longer shared", "that two versions share a type is no promise";
    Documentation, Patch, Nowhere, "documentation", "titles, examples and descriptions are no interface";
    Unknown, Major, Changed, "other difference", "no rule knows it, so look at it";
}
