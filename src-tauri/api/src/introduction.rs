//! Meeting a cloud: who it takes us for, whom it knows, and what this account may do, before anything is done with it.
//!
//! Only calls that change nothing are made. What cannot be known that way (whether a client may take tokens) is said to be
//! unknown instead of guessed. Not here: signing in (`clouds.rs`) and how it looks (`ui`).

use cloud::{Account, Cloud, CloudCause, CloudError, OrgId, Organization, User};
use engine::{Fault, Step};

/// What an account may be asked to do in the course of a job or a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Take tokens for devices.
    Provision,
    /// See devices, without which nothing can be followed to PASSED.
    SeeDevices,
    /// See people, to choose an owner by name.
    SeePeople,
    /// See sub-organizations, to choose one by name.
    SeeOrganizations,
    /// See templates, to tell a wrong one before a token is taken.
    SeeTemplates,
}

#[derive(Debug, Clone)]
pub enum Allowed {
    Yes,
    No(Fault),
    /// It could not be found out without doing it, or the call failed for another reason.
    Unknown(Option<Fault>),
}

/// What a cloud told about itself and us.
#[derive(Debug, Clone)]
pub struct Introduction {
    pub host: String,
    pub account: Account,
    /// Our own organization first, then those below it.
    pub organizations: Vec<Organization>,
    pub people: Vec<User>,
    pub abilities: Vec<(Ability, Allowed)>,
    /// How far this computer's clock is ahead of the cloud's, in milliseconds; `None`: it did not say.
    pub ahead_ms: Option<i64>,
}

/// The permission that provisioning needs of a person (section 4.1 of the cloud reference).
const PROVISION: &str = "PROVISION_DEVICES";

/// Asks all that is needed to set a profile up.
///
/// # Errors
/// The fault of the sign-in or of the first call; whatever fails after it is told as an ability that is missing.
pub async fn introduce(cloud: &dyn Cloud) -> Result<Introduction, Fault> {
    let account = cloud.account().await.map_err(|error| fault(&error))?;
    let own = account.organization.clone();
    let org = own.as_ref().map_or(OrgId(0), |own| own.id);
    let (organizations, people, devices, templates, time) = futures::join!(
        cloud.organizations(None),
        cloud.users(None),
        cloud.last_activated(org, 1),
        cloud.templates(org),
        cloud.time(),
    );
    let provision = match &account.permissions {
        Some(names) if names.iter().any(|name| name == PROVISION) => Allowed::Yes,
        Some(_) => Allowed::No(fault(&CloudError {
            operation: "asking for a token for a new device",
            cause: CloudCause::Forbidden {
                permission: Some(PROVISION),
                said: "it is not among the permissions of this account's role".to_owned(),
            },
            effect: cloud::Effect::None,
        })),
        None => Allowed::Unknown(None),
    };
    let abilities = vec![
        (Ability::Provision, provision),
        (Ability::SeeDevices, allowed(&devices)),
        (Ability::SeePeople, allowed(&people)),
        (Ability::SeeOrganizations, allowed(&organizations)),
        (Ability::SeeTemplates, allowed(&templates)),
    ];
    let below = organizations.unwrap_or_default().into_iter().filter(|below| below.id != org);
    Ok(Introduction {
        host: cloud.host(),
        organizations: own.into_iter().chain(below).collect(),
        people: people.unwrap_or_else(|_| account.user.iter().cloned().collect()),
        abilities,
        ahead_ms: time.ok().map(|time| crate::moment::now() - time.0),
        account,
    })
}

fn fault(error: &CloudError) -> Fault {
    Fault::from_cloud(Step::Connect, error)
}

fn allowed<T>(answer: &Result<T, CloudError>) -> Allowed {
    match answer {
        Ok(_) => Allowed::Yes,
        Err(error) => match error.cause {
            CloudCause::Forbidden { .. } | CloudCause::ScopeOff { .. } => Allowed::No(fault(error)),
            _ => Allowed::Unknown(Some(fault(error))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(introduction: &Introduction, which: Ability) -> &Allowed {
        introduction
            .abilities
            .iter()
            .find(|(ability, _)| *ability == which)
            .map(|(_, may)| may)
            .expect("all are there")
    }

    #[tokio::test(start_paused = true)]
    async fn a_cloud_introduces_its_organizations_and_people_by_name() {
        let world = sim::practice_world();
        let met = introduce(&*world.cloud()).await.expect("it answers");
        assert_eq!(met.organizations[0].id, OrgId(1), "our own organization comes first");
        assert!(met.organizations.len() > 1, "sub-organizations can be chosen, too");
        assert!(met.people.iter().all(|person| !person.name.is_empty()) && !met.people.is_empty());
        assert!(matches!(may(&met, Ability::SeeDevices), Allowed::Yes));
        assert!(met.ahead_ms.is_some());
        assert_eq!(world.cloud_state().count(sim::cloud::Call::Reserve), 0, "nothing is made by asking");
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_account_may_not_do_is_said_at_once() {
        let world = sim::practice_world();
        world.cloud_state().set_fault("status-403", "always@users").expect("a knob");
        let met = introduce(&*world.cloud()).await.expect("the sign-in works");
        let Allowed::No(why) = may(&met, Ability::SeePeople) else { panic!("it may not") };
        assert_eq!(why.code, engine::FaultCode::CloudForbidden);
        assert!(matches!(may(&met, Ability::SeeDevices), Allowed::Yes), "the rest goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_fails_for_another_reason_proves_nothing() {
        let world = sim::practice_world();
        world.cloud_state().set_fault("status-503", "always@templates").expect("a knob");
        let met = introduce(&*world.cloud()).await.expect("the sign-in works");
        assert!(matches!(may(&met, Ability::SeeTemplates), Allowed::Unknown(Some(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_without_the_api_scope_is_told_so() {
        let world = sim::practice_world();
        world.cloud_state().set_fault("scope", "off").expect("a knob");
        let fault = introduce(&*world.cloud()).await.expect_err("it is shut out");
        assert_eq!(fault.code, engine::FaultCode::CloudScopeOff);
    }
}
