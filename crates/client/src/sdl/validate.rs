//! Rules that hold between fields.

use super::{
    MAX_UNITS, Rule, Sdl, SdlError,
    error::nearest,
    model::{Deployment, Resources, Service},
};
use std::collections::{BTreeMap, BTreeSet};

impl Sdl {
    /// Checks the rules that hold between fields; [`Sdl::parse`] has done so already.
    ///
    /// # Errors
    /// - `Reference`, `Missing` - a name that is used is not defined, or has no price
    /// - `TooMany` - over [`MAX_UNITS`] services in a placement
    /// - `MountTaken`, `NotMounted` - volumes and mounts do not fit
    /// - `IpNotGlobal`, `TwoTargets`, `PortTaken`, `DuplicateHost`, `Unused` - exposed ports contradict
    /// - `DependencyCycle` - services wait for each other
    pub fn validate(&self) -> Result<(), SdlError> {
        let mut units: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, placements) in &self.deployment {
            let path = format!("deployment.{name}");
            let service = self
                .services
                .get(name)
                .ok_or_else(|| self.unknown(&path, "service", name, self.services.keys()))?;
            for (placement, deployment) in placements {
                let path = format!("{path}.{placement}");
                let resources = self.check_deployment(&path, placement, deployment)?;
                self.check_volumes(name, service, resources)?;
                let found = units.entry(placement).or_default();
                *found += 1;
                if *found > MAX_UNITS {
                    return Err(self.error(&path, Rule::TooMany { found: *found, max: MAX_UNITS }));
                }
            }
        }
        self.check_exposes()?;
        self.check_dependencies()
    }

    fn unknown<'a>(
        &self,
        path: &str,
        what: &'static str,
        name: &str,
        known: impl Iterator<Item = &'a String>,
    ) -> SdlError {
        let suggestion = nearest(name, known.map(String::as_str));
        self.error(path, Rule::Reference { what, found: super::quantity::shown(name), suggestion })
    }

    fn check_deployment(
        &self,
        path: &str,
        name: &str,
        deployment: &Deployment,
    ) -> Result<&Resources, SdlError> {
        let profile = &deployment.profile;
        let resources = self.compute.get(profile).ok_or_else(|| {
            self.unknown(&format!("{path}.profile"), "compute profile", profile, self.compute.keys())
        })?;
        let placement = self
            .placement
            .get(name)
            .ok_or_else(|| self.unknown(path, "placement", name, self.placement.keys()))?;
        if !placement.pricing.contains_key(profile) {
            let pricing = format!("profiles.placement.{name}.pricing");
            return Err(
                self.error(&pricing, Rule::Missing { field: format!("a price for profile {profile:?}") })
            );
        }
        Ok(resources)
    }

    fn check_volumes(&self, name: &str, service: &Service, resources: &Resources) -> Result<(), SdlError> {
        let params = format!("services.{name}.params.storage");
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for (volume, mount) in &service.params.storage {
            let path = format!("{params}.{volume}");
            if !resources.storage.iter().any(|storage| storage.name == *volume) {
                return Err(self.unknown(
                    &path,
                    "volume",
                    volume,
                    resources.storage.iter().map(|storage| &storage.name),
                ));
            }
            if let Some(first) = taken.insert(&mount.mount, volume) {
                let rule = Rule::MountTaken { mount: mount.mount.clone(), first: first.to_owned() };
                return Err(self.error(&format!("{path}.mount"), rule));
            }
        }
        for storage in resources.storage.iter().filter(|storage| storage.persistent) {
            if !service.params.storage.contains_key(&storage.name) {
                let volume = storage.name.clone();
                let expected = format!("{params}.{volume}.mount");
                let rule = Rule::NotMounted { volume, service: name.to_owned(), expected };
                return Err(self.error(&format!("services.{name}"), rule));
            }
        }
        Ok(())
    }

    fn check_exposes(&self) -> Result<(), SdlError> {
        let mut used = BTreeSet::new();
        let mut ports: BTreeMap<(&str, u16, &str), String> = BTreeMap::new();
        let mut hosts: BTreeMap<&str, String> = BTreeMap::new();
        for (name, service) in self.services.iter().filter(|(name, _)| self.deployment.contains_key(*name)) {
            for (index, expose) in service.expose.iter().enumerate() {
                let path = format!("services.{name}.expose[{index}]");
                for (at, host) in expose.accept.iter().enumerate() {
                    let path = format!("{path}.accept[{at}]");
                    if let Some(first) = hosts.insert(host, path.clone()) {
                        return Err(self.error(&path, Rule::DuplicateHost { host: host.clone(), first }));
                    }
                }
                for (at, target) in expose.to.iter().enumerate() {
                    let path = format!("{path}.to[{at}]");
                    if let Some(service) = &target.service {
                        if !self.services.contains_key(service) {
                            return Err(self.unknown(
                                &format!("{path}.service"),
                                "service",
                                service,
                                self.services.keys(),
                            ));
                        }
                        if target.global {
                            return Err(self.error(&path, Rule::TwoTargets { service: service.clone() }));
                        }
                    }
                    let Some(ip) = &target.ip else { continue };
                    if !target.global {
                        return Err(self.error(&path, Rule::IpNotGlobal { ip: ip.clone() }));
                    }
                    if !self.endpoints.contains_key(ip) {
                        return Err(self.unknown(
                            &format!("{path}.ip"),
                            "endpoint",
                            ip,
                            self.endpoints.keys(),
                        ));
                    }
                    used.insert(ip.as_str());
                    let (port, protocol) = (expose.external_port, expose.proto.name());
                    if let Some(first) = ports.insert((ip, port, protocol), path.clone()) {
                        let rule = Rule::PortTaken { port, protocol, entrance: ip.clone(), first };
                        return Err(self.error(&path, rule));
                    }
                }
            }
        }
        match self.endpoints.keys().find(|name| !used.contains(name.as_str())) {
            Some(name) => {
                let rule = Rule::Unused { what: "endpoint", name: name.clone() };
                Err(self.error(&format!("endpoints.{name}"), rule))
            }
            None => Ok(()),
        }
    }

    /// Takes away services whose dependencies are gone until none is left; what stays waits in a circle.
    fn check_dependencies(&self) -> Result<(), SdlError> {
        for (name, service) in &self.services {
            if let Some(missing) =
                service.dependencies.iter().find(|other| !self.services.contains_key(*other))
            {
                let path = format!("services.{name}.dependencies");
                return Err(self.unknown(&path, "service", missing, self.services.keys()));
            }
        }
        let mut waiting: BTreeSet<&str> = self.services.keys().map(String::as_str).collect();
        loop {
            let before = waiting.len();
            let free: Vec<&str> =
                waiting.iter().copied().filter(|name| !self.waits(name, &waiting)).collect();
            for name in free {
                waiting.remove(name);
            }
            if waiting.is_empty() {
                return Ok(());
            }
            if waiting.len() == before {
                break;
            }
        }
        let mut cycle: Vec<&str> = waiting.first().copied().into_iter().collect();
        while let Some(next) = cycle
            .last()
            .and_then(|last| self.services.get(*last))
            .and_then(|service| service.dependencies.iter().find(|other| waiting.contains(other.as_str())))
        {
            if let Some(start) = cycle.iter().position(|name| name == next) {
                cycle.drain(..start);
                cycle.push(next);
                break;
            }
            cycle.push(next);
        }
        let path = format!("services.{}.dependencies", cycle.first().copied().unwrap_or_default());
        Err(self.error(&path, Rule::DependencyCycle { cycle: cycle.join(" -> ") }))
    }

    fn waits(&self, name: &str, waiting: &BTreeSet<&str>) -> bool {
        let service = self.services.get(name);
        service
            .is_some_and(|service| service.dependencies.iter().any(|other| waiting.contains(other.as_str())))
    }
}
