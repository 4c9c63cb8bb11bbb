//! Domain and wire types: units, addresses, transactions, stored records and their stateless checks.
