//! An order given by flags.

use super::{
    super::{output::wrong_usage, parse},
    Signer,
};
use clap::{Args, ValueEnum};
use eyre::{Context as _, Result, bail, eyre};
use virtengine_client::sdl;
use virtengine_types::{
    Address, Amount,
    proto::virtengine::{
        market::v1::{
            Endpoint, EndpointKind, Gpu, MsgCreateOrder, OrderSpec, ResourceUnit, Selection, Storage,
        },
        provider::v1::Attribute,
    },
};

#[derive(Args)]
pub(super) struct CreateOrder {
    /// Name of the order.
    #[arg(long, default_value = "order")]
    name: String,
    /// Cores of a unit, such as 2, 0.5 or 500m.
    #[arg(long, default_value = "1", value_parser = cpu)]
    cpu: u64,
    /// Memory of a unit, such as 512Mi.
    #[arg(long, default_value = "1Gi", value_parser = bytes)]
    memory: u64,
    /// A volume of a unit: SIZE, or NAME=SIZE[:CLASS], which is persistent; repeatable.
    #[arg(long, value_name = "VOLUME", default_value = "1Gi", value_parser = volume)]
    storage: Vec<Storage>,
    /// Graphics cards of a unit; default none.
    #[arg(long)]
    gpu: Option<u32>,
    /// Vendor of the cards, such as nvidia; default any.
    #[arg(long, default_value = "", hide_default_value = true, requires = "gpu")]
    gpu_vendor: String,
    /// Acceptable model, such as a100; repeatable; default any.
    #[arg(long, requires = "gpu")]
    gpu_model: Vec<String>,
    /// Entrances of a unit: http, port or ip, with =COUNT for more than one; repeatable.
    #[arg(long, value_name = "KIND", value_parser = endpoint)]
    endpoint: Vec<Endpoint>,
    /// Identical units.
    #[arg(long, default_value_t = 1)]
    count: u32,
    /// Region that the provider must be in; default any.
    #[arg(long, default_value = "", hide_default_value = true)]
    region: String,
    /// Attribute that the provider must have, such as tier=community; repeatable.
    #[arg(long = "attribute", value_name = "KEY=VALUE", value_parser = parse::attribute)]
    attributes: Vec<Attribute>,
    /// At least one of these auditors attested the attributes, each an account or the name of a key; repeatable.
    #[arg(long, value_name = "ACCOUNT")]
    signed_by_any: Vec<String>,
    /// All of these auditors attested the attributes, as above; repeatable.
    #[arg(long, value_name = "ACCOUNT")]
    signed_by_all: Vec<String>,
    /// Identity tier that the provider must have.
    #[arg(long, default_value_t = 0)]
    minimum_identity_tier: u32,
    /// Highest price in uve per block for the whole order.
    #[arg(long, value_parser = parse::payment, allow_hyphen_values = true)]
    max_price: Amount,
    /// Blocks during which bids are taken.
    #[arg(long, default_value_t = 20)]
    bid_window: u64,
    /// Who chooses the bid.
    #[arg(long, value_enum, default_value = "manual")]
    selection: SelectionRule,
    /// SHA-256 of the manifest, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    manifest_hash: Option<String>,
    /// First funds of the escrow account in uve.
    #[arg(long, default_value = "5000000", value_parser = parse::payment, allow_hyphen_values = true)]
    deposit: Amount,
}

/// Who chooses the winning bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum SelectionRule {
    /// The tenant, by accepting a bid.
    Manual,
    /// The chain, when the bid window closes: the best price, then reputation, then the earliest.
    Auto,
}

impl CreateOrder {
    /// The message; `account` finds the address that a text names.
    pub(super) fn message(
        self,
        signer: &Signer<'_>,
        account: impl Fn(&str) -> Result<Address>,
    ) -> Result<MsgCreateOrder> {
        let manifest_hash = match self.manifest_hash {
            Some(text) => hex::decode(text).wrap_err("--manifest-hash is not hexadecimal")?.into(),
            None => Default::default(),
        };
        let cards = self.gpu.unwrap_or(0);
        if cards == 0 && !(self.gpu_vendor.is_empty() && self.gpu_model.is_empty()) {
            return Err(wrong_usage(
                "--gpu-vendor and --gpu-model need cards: --gpu must be 1 or more, it is 0",
            ));
        }
        let gpu = Gpu { count: cards, vendor: self.gpu_vendor, models: self.gpu_model };
        let unit = ResourceUnit {
            cpu_milli: self.cpu,
            memory_bytes: self.memory,
            storage: self.storage,
            gpu: (cards > 0).then_some(gpu),
            endpoints: self.endpoint,
            count: self.count,
        };
        let addresses = |list: &[String]| {
            list.iter().map(|text| account(text).map(|address| address.to_string())).collect::<Result<_>>()
        };
        let spec = OrderSpec {
            name: self.name,
            resources: vec![unit],
            region: self.region,
            attributes: self.attributes,
            signed_by_any: addresses(&self.signed_by_any)?,
            signed_by_all: addresses(&self.signed_by_all)?,
            minimum_identity_tier: self.minimum_identity_tier,
            max_price: parse::uve(self.max_price),
            bid_window: self.bid_window,
            selection: match self.selection {
                SelectionRule::Manual => Selection::Manual,
                SelectionRule::Auto => Selection::Auto,
            }
            .into(),
            manifest_hash,
        };
        Ok(MsgCreateOrder {
            tenant: signer.address.to_string(),
            spec: Some(spec),
            deposit: parse::uve(self.deposit),
        })
    }
}

fn cpu(text: &str) -> Result<u64> {
    sdl::parse_cpu_milli(text).map_err(|rule| eyre!("{rule}"))
}

fn bytes(text: &str) -> Result<u64> {
    sdl::parse_bytes(text).map_err(|rule| eyre!("{rule}"))
}

fn volume(text: &str) -> Result<Storage> {
    let Some((name, rest)) = text.split_once('=') else {
        return Ok(Storage { name: "default".to_owned(), bytes: bytes(text)?, ..Default::default() });
    };
    let (size, class) = rest.split_once(':').unwrap_or((rest, ""));
    Ok(Storage { name: name.to_owned(), bytes: bytes(size)?, class: class.to_owned(), persistent: true })
}

fn endpoint(text: &str) -> Result<Endpoint> {
    let (kind, count) = text.split_once('=').unwrap_or((text, "1"));
    let kind = match kind {
        "http" => EndpointKind::SharedHttp,
        "port" => EndpointKind::RandomPort,
        "ip" => EndpointKind::LeasedIp,
        other => bail!("{other:?} is no entrance: it is http, port or ip"),
    };
    let count = count.parse().map_err(|_| eyre!("{count:?} is not a count"))?;
    Ok(Endpoint { kind: kind.into(), count })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        order: CreateOrder,
    }

    #[test]
    fn auditors_are_named_by_account_or_key() {
        let signer = Signer { address: Address([1; 20]), chain_id: "test" };
        let account = |text: &str| if text == "bob" { Ok(Address([4; 20])) } else { Ok(text.parse()?) };
        let carol = Address([5; 20]).to_string();
        let line = ["", "--max-price", "5", "--signed-by-any", "bob", "--signed-by-all", &carol];
        let message = Line::parse_from(line).order.message(&signer, account).unwrap().spec.unwrap();
        assert_eq!(message.signed_by_any, [Address([4; 20]).to_string()]);
        assert_eq!(message.signed_by_all, [carol]);
        let line = ["", "--max-price", "5", "--signed-by-any", "nobody"];
        assert!(Line::parse_from(line).order.message(&signer, account).is_err());
    }

    #[test]
    fn cards_are_described_only_where_there_are_some() {
        let signer = Signer { address: Address([1; 20]), chain_id: "test" };
        let message = |cards: &str| {
            let line = ["", "--max-price", "5", "--gpu", cards, "--gpu-model", "a100"];
            Line::parse_from(line).order.message(&signer, |text| Ok(text.parse()?))
        };
        let gpu = message("2").unwrap().spec.unwrap().resources[0].gpu.clone().unwrap();
        assert_eq!((gpu.count, gpu.models), (2, vec!["a100".to_owned()]));
        let error = message("0").unwrap_err();
        assert!(error.is::<clap::Error>() && error.to_string().contains("--gpu must be 1"), "{error}");
        let line = ["", "--max-price", "5"];
        let plain = Line::parse_from(line).order.message(&signer, |text| Ok(text.parse()?)).unwrap();
        assert_eq!(plain.spec.unwrap().resources[0].gpu, None);
    }

    #[test]
    fn volumes_and_entrances_are_read() {
        assert_eq!(volume("1Gi").unwrap().bytes, 1 << 30);
        let data = volume("data=10Gi:beta3").unwrap();
        assert_eq!(
            (data.name.as_str(), data.bytes, data.class.as_str(), data.persistent),
            ("data", 10 << 30, "beta3", true)
        );
        assert!(volume("data=").is_err() && volume("many").is_err());
        assert_eq!(endpoint("port=3").unwrap(), Endpoint { kind: EndpointKind::RandomPort.into(), count: 3 });
        assert!(endpoint("door").is_err() && endpoint("http=x").is_err());
    }
}
