//! The `services` section.

use super::{
    MAX_ENTRIES, MAX_ITEMS, Rule, SdlError,
    model::{Credentials, Expose, ExposeTarget, HttpOptions, Mount, Params, Protocol, Service},
    quantity::shown,
    read::{Field, Fields},
};
use std::collections::BTreeMap;

/// Cases in which the shared entrance may try again.
const NEXT_CASES: &str = "error, timeout, 500, 502, 503, 504, 403, 404, 429, off";
/// Spellings of the list of services that must run first.
const DEPENDENCIES: [&str; 3] = ["dependencies", "depends_on", "depends-on"];

pub(super) fn read(field: &Field<'_>) -> Result<BTreeMap<String, Service>, SdlError> {
    field.entries()?.into_iter().map(|(name, field)| Ok((field.name(name)?, read_service(&field)?))).collect()
}

fn read_service(field: &Field<'_>) -> Result<Service, SdlError> {
    let fields = field.fields(&[
        "image",
        "command",
        "args",
        "env",
        "expose",
        "dependencies",
        "depends_on",
        "depends-on",
        "params",
        "credentials",
    ])?;
    let expose = fields.get("expose").map(|field| field.list(MAX_ITEMS)).transpose()?.unwrap_or_default();
    Ok(Service {
        image: fields.need("image")?.filled("an image")?.to_owned(),
        command: fields.texts("command")?,
        args: fields.texts("args")?,
        env: read_env(&fields)?,
        expose: expose.iter().map(read_expose).collect::<Result<_, _>>()?,
        dependencies: read_dependencies(&fields)?,
        params: fields.get("params").map(|field| read_params(&field)).transpose()?.unwrap_or_default(),
        credentials: fields.get("credentials").map(|field| read_credentials(&field)).transpose()?,
    })
}

fn read_env(fields: &Fields<'_>) -> Result<Vec<String>, SdlError> {
    let Some(field) = fields.get("env") else { return Ok(Vec::new()) };
    let variable = |item: &Field<'_>| {
        let text = item.text()?;
        let (name, _) = text.split_once('=').unwrap_or((text, ""));
        if name.trim().is_empty() || name.contains('\0') {
            return Err(item.error(Rule::Variable { found: shown(name) }));
        }
        Ok(text.to_owned())
    };
    field.list(MAX_ENTRIES)?.iter().map(variable).collect()
}

fn read_dependencies(fields: &Fields<'_>) -> Result<Vec<String>, SdlError> {
    let mut names = Vec::new();
    for field in DEPENDENCIES.iter().filter_map(|name| fields.get(name)) {
        for item in field.list(MAX_ENTRIES)? {
            let name = if item.is_map() { item.fields(&["service"])?.need("service")? } else { item };
            names.push(name.filled("a service")?.to_owned());
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn read_expose(field: &Field<'_>) -> Result<Expose, SdlError> {
    let fields = field.fields(&["port", "as", "proto", "to", "accept", "http_options"])?;
    let port = fields.need("port")?.port()?;
    let proto = fields.get("proto").map(|field| read_protocol(&field)).transpose()?;
    let to = fields.get("to").map(|field| field.list(MAX_ITEMS)).transpose()?.unwrap_or_default();
    let accept = fields.get("accept").map(|field| field.list(MAX_ENTRIES)).transpose()?.unwrap_or_default();
    let options = fields.get("http_options").map(|field| read_http_options(&field)).transpose()?;
    Ok(Expose {
        port,
        external_port: fields.get("as").map(|field| field.port()).transpose()?.unwrap_or(port),
        proto: proto.unwrap_or(Protocol::Tcp),
        to: to.iter().map(read_target).collect::<Result<_, _>>()?,
        accept: accept.iter().map(read_host).collect::<Result<_, _>>()?,
        http_options: options.unwrap_or_default(),
    })
}

fn read_protocol(field: &Field<'_>) -> Result<Protocol, SdlError> {
    let text = field.text()?;
    match text.to_ascii_lowercase().as_str() {
        "tcp" | "" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        _ => Err(field.error(Rule::Choice { found: shown(text), allowed: "tcp, udp" })),
    }
}

fn read_target(field: &Field<'_>) -> Result<ExposeTarget, SdlError> {
    let fields = field.fields(&["service", "global", "ip"])?;
    if !fields.has("service") && !fields.has("global") && !fields.has("ip") {
        return Err(field.error(Rule::NoTarget));
    }
    let text = |name| fields.get(name).map(|field| field.filled("a name").map(str::to_owned)).transpose();
    let global = fields.get("global").map(|field| field.truth()).transpose()?.unwrap_or_default();
    Ok(ExposeTarget { service: text("service")?, global, ip: text("ip")? })
}

fn read_host(field: &Field<'_>) -> Result<String, SdlError> {
    let text = field.text()?;
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = text.strip_prefix("*.").unwrap_or(text);
    if text.len() <= 253 && name.split('.').all(label) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(field.error(Rule::Host { found: shown(text) }))
}

fn read_http_options(field: &Field<'_>) -> Result<HttpOptions, SdlError> {
    let fields = field.fields(&[
        "max_body_size",
        "proxy_buffer_size",
        "read_timeout",
        "send_timeout",
        "next_tries",
        "next_timeout",
        "next_cases",
    ])?;
    let default = HttpOptions::default();
    // 0 asks for the default, as existing files do.
    let number = |name: &str, max: u32, default: u32| -> Result<u32, SdlError> {
        let value = fields.get(name).map(|field| field.integer(0, max)).transpose()?.unwrap_or(0);
        Ok(if value == 0 { default } else { value })
    };
    let cases =
        fields.get("next_cases").map(|field| read_next_cases(&field)).transpose()?.unwrap_or_default();
    Ok(HttpOptions {
        max_body_size: number("max_body_size", 100 << 20, default.max_body_size)?,
        proxy_buffer_size: number("proxy_buffer_size", 1 << 20, default.proxy_buffer_size)?,
        read_timeout: number("read_timeout", 60_000, default.read_timeout)?,
        send_timeout: number("send_timeout", 60_000, default.send_timeout)?,
        next_tries: number("next_tries", u32::MAX, default.next_tries)?,
        next_timeout: number("next_timeout", u32::MAX, default.next_timeout)?,
        next_cases: if cases.is_empty() { default.next_cases } else { cases },
    })
}

fn read_next_cases(field: &Field<'_>) -> Result<Vec<String>, SdlError> {
    let mut cases = Vec::new();
    for item in field.list(MAX_ITEMS)? {
        let case = item.text()?;
        if !NEXT_CASES.split(", ").any(|known| known == case) {
            return Err(item.error(Rule::Choice { found: shown(case), allowed: NEXT_CASES }));
        }
        cases.push(case.to_owned());
    }
    if cases.len() > 1 && cases.iter().any(|case| case == "off") {
        return Err(field.error(Rule::CaseOff { found: cases.join(", ") }));
    }
    Ok(cases)
}

fn read_params(field: &Field<'_>) -> Result<Params, SdlError> {
    let fields = field.fields_without(&["tee"], &["storage", "permissions"])?;
    let mut params = Params::default();
    if let Some(storage) = fields.get("storage") {
        for (name, field) in storage.entries()? {
            params.storage.insert(name.to_owned(), read_mount(&field)?);
        }
    }
    let permissions = fields.get("permissions").map(|field| field.fields(&["read"])).transpose()?;
    if let Some(read) = permissions.and_then(|permissions| permissions.get("read")) {
        for item in read.list(MAX_ITEMS)? {
            let text = item.text()?;
            if !matches!(text, "deployment" | "logs" | "events") {
                let rule = Rule::Choice { found: shown(text), allowed: "deployment, logs, events" };
                return Err(item.error(rule));
            }
            params.permissions.push(text.to_owned());
        }
    }
    Ok(params)
}

fn read_mount(field: &Field<'_>) -> Result<Mount, SdlError> {
    let fields = field.fields(&["mount", "readOnly"])?;
    let read_only = fields.get("readOnly").map(|field| field.truth()).transpose()?.unwrap_or_default();
    let mount = fields.need("mount")?;
    let path = mount.text()?;
    if !path.starts_with('/') {
        return Err(mount.error(Rule::MountPath { found: shown(path) }));
    }
    Ok(Mount { mount: path.to_owned(), read_only })
}

fn read_credentials(field: &Field<'_>) -> Result<Credentials, SdlError> {
    let fields = field.fields(&["host", "email", "username", "password"])?;
    let email = fields.get("email").map(|field| field.text().map(str::to_owned)).transpose()?;
    Ok(Credentials {
        host: fields.need("host")?.filled("a registry")?.to_owned(),
        email: email.unwrap_or_default(),
        username: fields.need("username")?.filled("a user")?.to_owned(),
        password: fields.need("password")?.filled("a password")?.to_owned(),
    })
}
