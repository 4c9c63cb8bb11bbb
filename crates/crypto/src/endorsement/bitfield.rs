//! Who of a shard's members endorsed.

use super::EndorsementError;

/// A bit a member: that of member `i` is bit `i mod 8`, counted from the least significant, of byte `i / 8`. It has no
/// more bytes than it needs, and the bits beyond the members are zero, so there is one encoding of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitfield {
    shard: u32,
    members: usize,
    bytes: Vec<u8>,
}

impl Bitfield {
    /// Nobody of a shard.
    #[must_use]
    pub fn new(shard: u32, members: usize) -> Self {
        Self { shard, members, bytes: vec![0; members.div_ceil(8)] }
    }

    /// Reads the set of a shard of so many members.
    ///
    /// # Errors
    /// - `BitfieldLength` - not `ceil(members / 8)` bytes
    /// - `NoMember` - a bit beyond the members is set
    pub fn decode(shard: u32, members: usize, bytes: &[u8]) -> Result<Self, EndorsementError> {
        let (expected, found) = (members.div_ceil(8), bytes.len());
        if found != expected {
            return Err(EndorsementError::BitfieldLength { shard, members, expected, found });
        }
        let decoded = Self { shard, members, bytes: bytes.to_vec() };
        match (members..expected * 8).find(|&index| decoded.has(index)) {
            Some(index) => Err(EndorsementError::NoMember { shard, index, members }),
            None => Ok(decoded),
        }
    }

    /// The encoding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of the shard.
    #[must_use]
    pub const fn shard(&self) -> u32 {
        self.shard
    }

    /// Members of the shard.
    #[must_use]
    pub const fn members(&self) -> usize {
        self.members
    }

    /// Members that endorsed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.bytes.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// Whether a member endorsed.
    #[must_use]
    pub fn has(&self, index: usize) -> bool {
        self.bytes.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// Notes that a member endorsed.
    ///
    /// # Errors
    /// - `NoMember` - there is no such member
    /// - `Duplicate` - it is noted already
    pub fn insert(&mut self, index: usize) -> Result<(), EndorsementError> {
        let Self { shard, members, .. } = *self;
        if index >= members {
            return Err(EndorsementError::NoMember { shard, index, members });
        }
        if self.has(index) {
            return Err(EndorsementError::Duplicate { shard, index });
        }
        self.bytes[index / 8] |= 1 << (index % 8);
        Ok(())
    }

    /// Notes all of another set.
    ///
    /// # Errors
    /// - `OtherShard` - it is of another shard, or of another number of members
    /// - `Duplicate` - a member is in both
    pub fn merge(&mut self, other: &Self) -> Result<(), EndorsementError> {
        let Self { shard, members, .. } = *self;
        if (shard, members) != (other.shard, other.members) {
            let (found, found_members) = (other.shard, other.members);
            return Err(EndorsementError::OtherShard { shard, members, found, found_members });
        }
        if let Some(index) = (0..members).find(|&index| self.has(index) && other.has(index)) {
            return Err(EndorsementError::Duplicate { shard, index });
        }
        for (byte, more) in self.bytes.iter_mut().zip(&other.bytes) {
            *byte |= more;
        }
        Ok(())
    }
}
