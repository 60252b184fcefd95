//! The operations on keys themselves: making, reading, changing and deleting them.

use serde_json::{Value, json};
use time::Duration;

use super::key::{Condition, Key, User};
use super::list as listing;
use super::material::{Material, Purpose};
use crate::call::Call;
use crate::scp::account::region;
use crate::scp::error::ErrorResponse;
use crate::scp::private_acl::PrivateAcl;
use crate::scp::state::State;
use crate::scp::{networks, paging};

/// The time between a deletion that is asked for and the one that happens.
const WAITING: Duration = Duration::hours(72);

/// The longest interval of automatic versions, in days.
const LONGEST_CYCLE: i64 = 730;

type HandlerResult = Result<Value, ErrorResponse>;

pub(super) fn list(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    listing::page(state.kms.settled(call)?, false, call)
}

pub(super) fn list_managed(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    listing::page(state.kms.settled(call)?, true, call)
}

pub(super) fn create(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let name = call.text("name").unwrap_or_default().to_owned();
    let purpose = purpose(call)?;
    let auto_rotate = flag(call)?;
    let rotate_cycle = cycle(auto_rotate, call.body.get("rotate_cycle").and_then(Value::as_i64).unwrap_or(0))?;
    let acl_cidr = call.text("acl_cidr").map(str::to_owned);
    checked(acl_cidr.as_deref())?;
    let private_acl = PrivateAcl::default().changed_by(call)?;
    let keys = state.kms.settled(call)?;
    if keys.has_name(&name) {
        return Err(ErrorResponse::invalid_input(format!("a key with the name {name} exists already")));
    }
    let first = Material::generate(purpose, call.rng, call.keys)?;
    let mut key = Key {
        id: call.rng.id(),
        name,
        description: call.text("description").unwrap_or_default().to_owned(),
        purpose,
        key_type: call.text("key_type").unwrap_or("advanced").to_owned(),
        condition: Condition::Active,
        versions: vec![first],
        code_material: None,
        auto_rotate,
        rotate_cycle,
        next_rotate_at: None,
        delete_at: None,
        created_at: call.now,
        modified_at: call.now,
        use_count: 0,
        managed: false,
        users: vec![User::only()],
        acl_cidr,
        private_acl,
        rotated_at: Vec::new(),
        order_ref: call.rng.uuid(),
        secret_ref: call.rng.uuid(),
        sequence: 0,
    };
    key.plan_rotation(call.now);
    let shown = key.show(region(call.settings));
    keys.insert(key);
    Ok(json!({ "key": shown }))
}

pub(super) fn show(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    with_key(state, call, false, |_, _| Ok(()))
}

pub(super) fn show_managed(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    with_key(state, call, true, |_, _| Ok(()))
}

pub(super) fn set_description(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    with_key(state, call, false, describe)
}

pub(super) fn set_managed_description(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    with_key(state, call, true, describe)
}

/// Enables or disables a key. Disabling one that waits for its deletion cancels that.
pub(super) fn set_state(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    with_key(state, call, false, |key, call| {
        let stop = call.text("state") == Some("Stop");
        if key.condition == Condition::ToBeTerminated && stop {
            // A deletion that is canceled leaves the key disabled.
            key.delete_at = None;
            key.plan_rotation(call.now);
        } else {
            refuse_terminating(key)?;
        }
        key.condition = if stop { Condition::Stop } else { Condition::Active };
        key.modified_at = call.now;
        Ok(())
    })
}

pub(super) fn set_rotation(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    with_key(state, call, false, |key, call| {
        refuse_terminating(key)?;
        let auto_rotate = flag(call)?;
        let asked = call.body.get("rotate_cycle").and_then(Value::as_i64);
        key.rotate_cycle = cycle(auto_rotate, asked.unwrap_or(key.rotate_cycle))?;
        key.auto_rotate = auto_rotate;
        key.modified_at = call.now;
        key.plan_rotation(call.now);
        Ok(())
    })
}

pub(super) fn rotate(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    with_key(state, call, false, |key, call| {
        if key.condition != Condition::Active {
            return Err(ErrorResponse::invalid_input(format!(
                "key {} is not active: {}",
                key.id,
                key.condition.name()
            )));
        }
        if key.is_full() {
            return Err(ErrorResponse::invalid_input(format!("key {} has {} versions already", key.id, key.current())));
        }
        Ok(key.rotate(call.now, call.rng, call.keys)?)
    })
}

/// Changes which networks can use a key.
pub(super) fn set_acl_cidr(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    with_key(state, call, false, |key, call| {
        refuse_terminating(key)?;
        let list = call.text("acl_cidr");
        checked(list)?;
        key.acl_cidr = list.map(str::to_owned);
        key.modified_at = call.now;
        Ok(())
    })
}

/// Changes what the body names of the private resources that can use a key, and leaves the rest.
pub(super) fn set_private_acl(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    with_key(state, call, false, |key, call| {
        refuse_terminating(key)?;
        key.private_acl = key.private_acl.clone().changed_by(call)?;
        key.modified_at = call.now;
        Ok(())
    })
}

/// Deletes now, or makes the key useless now and deletes it later.
pub(super) fn delete(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let directly = paging::flag(call, "is_directly");
    with_key(state, call, false, |key, call| {
        if key.condition != Condition::ToBeTerminated {
            key.condition = Condition::ToBeTerminated;
            key.delete_at = call.now.checked_add(WAITING);
            key.next_rotate_at = None;
            key.modified_at = call.now;
        }
        Ok(())
    })?;
    if directly {
        state.kms.remove(call.argument("key_id"));
    }
    Ok(Value::Null)
}

pub(super) fn list_users(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let mut users = Vec::new();
    with_key(state, call, false, |key, _| {
        users.clone_from(&key.users);
        Ok(())
    })?;
    Ok(json!({ "user": users }))
}

pub(super) fn check_duplicate(state: &mut State, call: &mut Call<'_>) -> HandlerResult {
    let keys = state.kms.settled(call)?;
    Ok(json!({ "isDuplicateName": keys.has_name(call.query("name").unwrap_or_default()) }))
}

/// Finds the key of the path, changes it and shows it.
fn with_key(
    state: &mut State,
    call: &mut Call<'_>,
    managed: bool,
    change: impl FnOnce(&mut Key, &mut Call<'_>) -> Result<(), ErrorResponse>,
) -> HandlerResult {
    let keys = state.kms.settled(call)?;
    let found = keys.get_mut(call.argument("key_id")).filter(|key| key.managed == managed);
    let Some(mut key) = found else {
        return Err(ErrorResponse::not_found("key", call.argument("key_id")));
    };
    change(&mut key, call)?;
    Ok(json!({ "key": key.show(region(call.settings)) }))
}

fn describe(key: &mut Key, call: &mut Call<'_>) -> Result<(), ErrorResponse> {
    key.description = call.text("description").unwrap_or_default().to_owned();
    key.modified_at = call.now;
    Ok(())
}

fn refuse_terminating(key: &Key) -> Result<(), ErrorResponse> {
    if key.condition == Condition::ToBeTerminated {
        return Err(ErrorResponse::invalid_input(format!("key {} is about to be deleted", key.id)));
    }
    Ok(())
}

/// Networks of any width: the page's own example has /16.
fn checked(acl_cidr: Option<&str>) -> Result<(), ErrorResponse> {
    acl_cidr.map_or(Ok(()), |list| networks::check(list, 0)).map_err(ErrorResponse::invalid_input)
}

/// The purpose asked for; ARIA is a matter of one environment.
fn purpose(call: &Call<'_>) -> Result<Purpose, ErrorResponse> {
    let text = call.text("purpose").unwrap_or_default();
    let read = Purpose::read(text).filter(|purpose| *purpose != Purpose::Aria || call.settings.sovereign);
    read.ok_or_else(|| ErrorResponse::validation(format!("purpose {text:?} does not exist in this environment")))
}

fn flag(call: &Call<'_>) -> Result<bool, ErrorResponse> {
    match call.text("auto_rotate") {
        Some("Y") => Ok(true),
        Some("N") => Ok(false),
        _ => Err(ErrorResponse::validation("auto_rotate must be Y or N")),
    }
}

/// An interval in days; none is needed without automatic versions.
fn cycle(auto_rotate: bool, days: i64) -> Result<i64, ErrorResponse> {
    let shortest = i64::from(auto_rotate);
    if !(shortest..=LONGEST_CYCLE).contains(&days) {
        return Err(ErrorResponse::validation(format!("rotate_cycle must be from {shortest} to {LONGEST_CYCLE}")));
    }
    Ok(days)
}
