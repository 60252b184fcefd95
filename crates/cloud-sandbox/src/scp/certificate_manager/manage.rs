//! Bringing certificates in, making and deleting them.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::issue::{LONGEST_NAME, Order, self_signed};
use super::material::{Facts, Flaw, Material};
use super::store::{Certificate, Kind};
use super::{body, days};
use crate::call::Call;
use crate::scp::account;
use crate::scp::error::ErrorResponse;
use crate::scp::state::State;

/// The regions of the platform, which requests name with or without the country.
const REGIONS: [&str; 5] = ["kr-west1", "kr-east1", "kr-south1", "kr-south2", "kr-south3"];

/// X.509 writes the years since then in its short form.
const EARLIEST_YEAR: i32 = 1950;

/// Keeps a certificate that was made elsewhere.
pub(super) fn create(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    check_name(state, call)?;
    check_region(call)?;
    days::zone(call.text("timezone").unwrap_or_default()).map_err(ErrorResponse::invalid_input)?;
    let material = body::read(call)?;
    // One that begins later may wait here; an expired one is refused.
    let wrong = match material.flaw(call.now) {
        None | Some(Flaw::NotYetValid) => None,
        Some(Flaw::OtherKey) => Some("private_key does not belong to cert_body"),
        Some(Flaw::BrokenChain) => Some("cert_chain does not lead from cert_body from issuer to issuer"),
        Some(Flaw::Expired) => Some("cert_body or a certificate of cert_chain has expired"),
    };
    if let Some(wrong) = wrong {
        return Err(failed(wrong));
    }
    let facts = material.facts().ok_or_else(|| failed("cert_body holds no readable key"))?;
    let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
    let (cert_body, private_key) = (text("cert_body"), text("private_key"));
    let cert_chain = call.text("cert_chain").filter(|chain| !chain.trim().is_empty()).map(str::to_owned);
    keep(state, call, Kind::Imported, Texts { cert_body, cert_chain, private_key }, facts)
}

/// Makes a key and a certificate that vouches for itself.
pub(super) fn self_sign(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    check_name(state, call)?;
    check_region(call)?;
    let (from, until) = life(call)?;
    let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
    let (cn, organization) = (text("cn"), text("organization"));
    for (name, value) in [("cn", &cn), ("organization", &organization)] {
        if value.is_empty() || value.chars().count() > LONGEST_NAME {
            return Err(ErrorResponse::invalid_input(format!("{name} must have 1 to {LONGEST_NAME} characters")));
        }
        if value.chars().any(char::is_control) {
            return Err(ErrorResponse::invalid_input(format!("{name} must not hold control characters")));
        }
    }
    let key = call.keys.take().ok_or_else(|| ErrorResponse::internal("no RSA key was prepared"))?;
    let order = Order { cn: &cn, organization: &organization, from, until };
    let issued = self_signed(&order, &key, call.rng.source()).map_err(failed)?;
    let facts = Material::read(&issued.certificate, None, &issued.private_key).ok().and_then(|made| made.facts());
    let facts = facts.ok_or_else(|| failed("the certificate that was made cannot be read"))?;
    let texts = Texts { cert_body: issued.certificate, cert_chain: None, private_key: issued.private_key };
    keep(state, call, Kind::SelfSigned, texts, facts)
}

/// Deletes a certificate.
pub(super) fn delete(state: &mut State, call: &mut Call<'_>) -> Result<Value, ErrorResponse> {
    let id = state.certificates.find(call)?.id.clone();
    state.certificates.remove(&id);
    Ok(Value::Null)
}

/// The texts of a certificate that was accepted.
struct Texts {
    cert_body: String,
    cert_chain: Option<String>,
    private_key: String,
}

fn keep(
    state: &mut State,
    call: &mut Call<'_>,
    kind: Kind,
    texts: Texts,
    facts: Facts,
) -> Result<Value, ErrorResponse> {
    let list = |name: &str| call.body.get(name).cloned().unwrap_or_else(|| json!([]));
    let certificate = Certificate {
        name: call.text("name").unwrap_or_default().to_owned(),
        kind,
        cert_body: texts.cert_body,
        cert_chain: texts.cert_chain,
        private_key: texts.private_key,
        facts,
        recipients: list("recipients"),
        tags: list("tags"),
        created_at: call.now,
        created_by: account::USER_ID.to_owned(),
        id: call.rng.id(),
    };
    let shown = certificate.shown(call.now);
    state.certificates.certificates.insert(certificate);
    Ok(shown)
}

fn check_name(state: &State, call: &Call<'_>) -> Result<(), ErrorResponse> {
    let name = call.text("name").unwrap_or_default();
    if name.is_empty() {
        return Err(ErrorResponse::invalid_input("name must not be empty"));
    }
    if state.certificates.has_name(name) {
        return Err(failed(format!("the name {name} is taken by another certificate")));
    }
    Ok(())
}

fn check_region(call: &Call<'_>) -> Result<(), ErrorResponse> {
    let region = call.text("region").unwrap_or_default();
    match REGIONS.iter().any(|known| *known == region || known.strip_prefix("kr-") == Some(region)) {
        true => Ok(()),
        false => Err(ErrorResponse::invalid_input(format!("region must be one of {}", REGIONS.join(", ")))),
    }
}

/// From the first second of one day to the last second of another, both in the zone of the caller.
fn life(call: &Call<'_>) -> Result<(OffsetDateTime, OffsetDateTime), ErrorResponse> {
    let text = |name: &str| call.text(name).unwrap_or_default();
    let zone = days::zone(text("timezone")).map_err(ErrorResponse::invalid_input)?;
    let no_day = |name: &str| ErrorResponse::invalid_input(format!("{name} must be a day written as YYYYMMDD"));
    let from = days::first_second(text("not_before_dt"), &zone).ok_or_else(|| no_day("not_before_dt"))?;
    let until = days::last_second(text("not_after_dt"), &zone).ok_or_else(|| no_day("not_after_dt"))?;
    if from.year() < EARLIEST_YEAR {
        return Err(ErrorResponse::invalid_input(format!("not_before_dt must not be before {EARLIEST_YEAR}")));
    }
    if until < from {
        return Err(ErrorResponse::invalid_input("not_after_dt must not be before not_before_dt"));
    }
    if until < call.now {
        return Err(ErrorResponse::invalid_input("not_after_dt must not be in the past"));
    }
    Ok((from, until))
}

fn failed(detail: impl Into<String>) -> ErrorResponse {
    ErrorResponse::new(400, "scp-security.certificate.create-failed", detail)
}
