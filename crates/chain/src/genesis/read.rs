//! A genesis file, shown piece by piece.

use super::{GenesisAccount, GenesisError, GenesisValidator, Head, error::SORT};
use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor},
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    io::{self, BufRead, Read},
    marker::PhantomData,
};
use thiserror::Error;

/// Longest validator, account or field before the lists, in bytes of the file, with the space around it.
pub const MAX_ENTRY_BYTES: usize = 1 << 16;

/// Is shown what a file says, in the file's order.
pub trait Visit {
    /// What stands before the lists.
    ///
    /// # Errors
    /// Why it is refused, which ends the reading.
    fn head(&mut self, head: Head) -> Result<(), GenesisError>;

    /// The next validator.
    ///
    /// # Errors
    /// Why it is refused, which ends the reading.
    fn validator(&mut self, validator: GenesisValidator) -> Result<(), GenesisError>;

    /// The next account, after all validators.
    ///
    /// # Errors
    /// Why it is refused, which ends the reading.
    fn account(&mut self, account: GenesisAccount) -> Result<(), GenesisError>;
}

/// Why a file is refused.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It is not JSON of the right shape, or cannot be read.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A piece of it is too long to be held.
    #[error(
        "{place} is longer than {MAX_ENTRY_BYTES} bytes, the most that a validator, an account or a field has"
    )]
    Long {
        /// Which piece.
        place: String,
    },
    /// It breaks a rule.
    #[error(transparent)]
    Rule(#[from] GenesisError),
}

/// Reads a file of any length in constant memory. Fields and lists have one order, so that each piece can be checked
/// when it comes.
///
/// # Errors
/// - `Json`, `Long` - it is no genesis file
/// - `Rule` - `visit` refused something
pub fn read(file: impl BufRead, visit: &mut impl Visit) -> Result<(), ReadError> {
    let progress = Progress::default();
    let refusal = RefCell::new(None);
    let mut json = serde_json::Deserializer::from_reader(Bounded { file, progress: &progress });
    let seed = FileSeed { visit, progress: &progress, refusal: &refusal };
    let outcome = seed.deserialize(&mut json).and_then(|()| {
        progress.begin("what follows the file's end", None);
        json.end()
    });
    match (refusal.into_inner(), outcome) {
        (Some(refused), _) => Err(refused.into()),
        (None, Err(_)) if progress.is_exceeded() => Err(ReadError::Long { place: progress.place() }),
        (None, outcome) => Ok(outcome?),
    }
}

/// What is being read, and how much of it.
#[derive(Default)]
struct Progress {
    bytes: Cell<usize>,
    list: Cell<&'static str>,
    position: Cell<Option<u64>>,
}

impl Progress {
    fn begin(&self, list: &'static str, position: Option<u64>) {
        self.bytes.set(0);
        self.list.set(list);
        self.position.set(position);
    }

    const fn is_exceeded(&self) -> bool {
        self.bytes.get() > MAX_ENTRY_BYTES
    }

    fn place(&self) -> String {
        match (self.list.get(), self.position.get()) {
            ("", _) => "a field before the lists".to_owned(),
            (list, None) => list.to_owned(),
            (list, Some(position)) => format!("{list}[{position}]"),
        }
    }
}

/// Ends a file in which a piece is too long.
struct Bounded<'a, R> {
    file: R,
    progress: &'a Progress,
}

impl<R: BufRead> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.progress.bytes.set(self.progress.bytes.get().saturating_add(count));
        if self.progress.is_exceeded() {
            return Err(io::Error::other("a piece of the file is too long"));
        }
        Ok(count)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    ChainId,
    GenesisTimeMs,
    Params,
    Committee,
    Validators,
    Accounts,
}

impl Field {
    const ALL: [Self; 6] =
        [Self::ChainId, Self::GenesisTimeMs, Self::Params, Self::Committee, Self::Validators, Self::Accounts];

    const fn name(self) -> &'static str {
        match self {
            Self::ChainId => "chain_id",
            Self::GenesisTimeMs => "genesis_time_ms",
            Self::Params => "params",
            Self::Committee => "committee",
            Self::Validators => "validators",
            Self::Accounts => "accounts",
        }
    }

    const fn is_optional(self) -> bool {
        matches!(self, Self::Params | Self::Committee)
    }
}

struct FileSeed<'a, V> {
    visit: &'a mut V,
    progress: &'a Progress,
    refusal: &'a RefCell<Option<GenesisError>>,
}

impl<'de, V: Visit> DeserializeSeed<'de> for FileSeed<'_, V> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, V: Visit> Visitor<'de> for FileSeed<'_, V> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a genesis")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { visit, progress, refusal } = self;
        let refuse = |refused| {
            refusal.replace(Some(refused));
            A::Error::custom("refused")
        };
        let (mut chain_id, mut time, mut params, mut committee) = (None, None, None, None);
        let mut wanted = Field::ALL.into_iter().peekable();
        while let Some(field) = map.next_key::<Field>()? {
            // The fields before it, which may only be missing if they need not be there.
            while let Some(missing) = wanted.next_if(|next| *next < field) {
                if !missing.is_optional() {
                    return Err(A::Error::custom(format_args!(
                        "`{}` comes before `{}`, or that is missing: the order is {}: {SORT}",
                        field.name(),
                        missing.name(),
                        Field::ALL.map(Field::name).join(", "),
                    )));
                }
            }
            if wanted.next_if_eq(&field).is_none() {
                return Err(A::Error::custom(format_args!(
                    "`{}` comes twice or too late: the order is {}: {SORT}",
                    field.name(),
                    Field::ALL.map(Field::name).join(", "),
                )));
            }
            match field {
                Field::ChainId => chain_id = Some(map.next_value()?),
                Field::GenesisTimeMs => time = Some(map.next_value()?),
                Field::Params => params = Some(map.next_value()?),
                Field::Committee => committee = Some(map.next_value()?),
                Field::Validators => {
                    let missing = |name| move || A::Error::missing_field(name);
                    let head = Head {
                        chain_id: chain_id.take().ok_or_else(missing("chain_id"))?,
                        genesis_time_ms: time.take().ok_or_else(missing("genesis_time_ms"))?,
                        params: params.take().unwrap_or_default(),
                        committee: committee.take(),
                    };
                    visit.head(head).map_err(refuse)?;
                    let each = |validator| visit.validator(validator);
                    map.next_value_seed(List {
                        each,
                        name: "validators",
                        progress,
                        refusal,
                        item: PhantomData,
                    })?;
                }
                Field::Accounts => {
                    let each = |account| visit.account(account);
                    map.next_value_seed(List {
                        each,
                        name: "accounts",
                        progress,
                        refusal,
                        item: PhantomData,
                    })?;
                }
            }
            progress.begin("", None);
        }
        wanted
            .find(|field| !field.is_optional())
            .map_or(Ok(()), |field| Err(A::Error::missing_field(field.name())))
    }
}

/// A list whose items are given away one after the other.
struct List<'a, T, F> {
    each: F,
    name: &'static str,
    progress: &'a Progress,
    refusal: &'a RefCell<Option<GenesisError>>,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: FnMut(T) -> Result<(), GenesisError>> DeserializeSeed<'de>
    for List<'_, T, F>
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T) -> Result<(), GenesisError>> Visitor<'de> for List<'_, T, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the list of {}", self.name)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let mut position = 0;
        self.progress.begin(self.name, Some(position));
        while let Some(item) = list.next_element()? {
            (self.each)(item).map_err(|refused| {
                self.refusal.replace(Some(refused));
                A::Error::custom("refused")
            })?;
            position = position.saturating_add(1);
            self.progress.begin(self.name, Some(position));
        }
        Ok(())
    }
}
