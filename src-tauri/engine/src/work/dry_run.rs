//! What only the cloud and the journal know of a batch before it is run: asked with a handful of questions, however many
//! rows there are. Nothing is touched.
//!
//! Not here: what a file alone tells (`plan/batch.rs`).

use crate::fault::{Fault, FaultCode, ProblemCode, Refusal};
use crate::plan::batch::{BatchPlan, Column, Problem};
use crate::plan::patience;
use crate::record::batch::{BatchItem, Bind};
use crate::work::dispatch::Engine;
use crate::{CloudRef, Outcome, Step, UnitId};
use cloud::{Cloud, CloudCause, CloudError, OrgId, UserId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What an account needs to provision, of the names that the console shows (section 2 of the cloud reference).
const PERMISSIONS: [&str; 1] = ["PROVISION_DEVICES"];

impl Engine {
    /// Units of a batch that have passed before.
    pub fn batch_done_already(&self, plan: &BatchPlan) -> Vec<Problem> {
        let ledger = self.shared().ledger();
        let mut problems = Vec::new();
        for item in &plan.items {
            let unit = match &item.bind {
                Bind::Mac { mac } => ledger.unit(&UnitId(mac.clone())),
                Bind::Label { label } => ledger.units().find(|unit| {
                    unit.name.as_deref() == Some(label) || unit.unit.0.split(':').nth(1) == Some(label)
                }),
                Bind::Next => None,
            };
            let passed = unit.filter(|unit| {
                unit.outcome == Some(Outcome::Passed) && unit.device_on(&item.recipe.cloud.server).is_some()
            });
            if let Some(unit) = passed {
                problems.push(
                    plan.problem(item.row, &Column::Unit, ProblemCode::UnitDone)
                        .about("unit", &unit.unit)
                        .about("device", unit.device.map(|device| device.to_string()).unwrap_or_default()),
                );
            }
        }
        problems
    }

    /// Organizations, owners and templates that the cloud does not know, and what the account may not do. One problem for
    /// each row that is concerned; when the cloud cannot be asked, one that says so.
    pub async fn batch_in_the_cloud(&self, plan: &BatchPlan) -> Vec<Problem> {
        let Some(first) = plan.items.first() else { return Vec::new() };
        let which = first.recipe.cloud.clone();
        match tokio::time::timeout(patience::QUESTION, self.ask_the_cloud(plan, &which)).await {
            Ok(Ok(problems)) => problems,
            Ok(Err(unasked)) => vec![unasked.problem()],
            Err(_) => {
                vec![Problem::of_file(ProblemCode::CloudSilent).about("cause", FaultCode::CloudUnavailable)]
            }
        }
    }

    async fn ask_the_cloud(&self, plan: &BatchPlan, which: &CloudRef) -> Result<Vec<Problem>, Unasked> {
        let cloud = self.shared().cloud(which).await.map_err(Unasked::Refused)?;
        let mut problems = Vec::new();
        match cloud.account().await {
            Ok(account) => {
                let lacking = account.permissions.iter().flat_map(|has| {
                    PERMISSIONS
                        .iter()
                        .filter(move |wanted| !has.iter().any(|has| has.eq_ignore_ascii_case(wanted)))
                });
                for permission in lacking {
                    problems.push(
                        Problem::of_file(ProblemCode::PermissionMissing).about("permission", permission),
                    );
                }
            }
            // A client has no account of its own to look at.
            Err(error) if may_be_unknown(&error) => {}
            Err(error) => return Err(Unasked::Failed(error)),
        }
        let orgs = rows_by(&plan.items, |item| Some(item.recipe.org));
        for (org, rows) in &orgs {
            problems.extend(in_org(&cloud, plan, *org, rows).await?);
        }
        problems.extend(unknown_owners(&cloud, plan).await?);
        problems.sort_by_key(|problem| problem.row);
        Ok(problems)
    }
}

/// Why the cloud could not be asked.
enum Unasked {
    Refused(Refusal),
    Failed(CloudError),
}

impl Unasked {
    /// `cause` is the code of a fault or of a refusal; what its sentence names stands beside it.
    fn problem(self) -> Problem {
        let mut problem = Problem::of_file(ProblemCode::CloudSilent);
        match self {
            Unasked::Refused(refusal) => match refusal.reasons.into_iter().next() {
                Some(reason) => {
                    problem.about = reason.about;
                    problem.about("cause", reason.code)
                }
                None => problem,
            },
            Unasked::Failed(error) => {
                let fault = Fault::from_cloud(Step::Connect, &error);
                problem.about = fault.about;
                problem.about("cause", fault.code)
            }
        }
    }
}

/// The rows that share a value; what is no valid number is a problem already.
fn rows_by<K: Ord>(items: &[BatchItem], key: impl Fn(&BatchItem) -> Option<K>) -> BTreeMap<K, Vec<u32>> {
    let mut rows: BTreeMap<K, Vec<u32>> = BTreeMap::new();
    for item in items {
        if let Some(key) = key(item) {
            rows.entry(key).or_default().push(item.row);
        }
    }
    rows
}

/// Whether the question itself may be more than this account may ask.
fn may_be_unknown(error: &CloudError) -> bool {
    matches!(error.cause, CloudCause::Forbidden { .. } | CloudCause::NotFound | CloudCause::Invalid { .. })
}

async fn in_org(
    cloud: &Arc<dyn Cloud>,
    plan: &BatchPlan,
    org: OrgId,
    rows: &[u32],
) -> Result<Vec<Problem>, Unasked> {
    if org.0 <= 0 {
        return Ok(Vec::new());
    }
    let templates = match cloud.templates(org).await {
        Ok(templates) => templates,
        Err(error) if matches!(error.cause, CloudCause::NotFound) => {
            let unknown =
                |row: &u32| plan.problem(*row, &Column::OrgId, ProblemCode::OrgUnknown).about("org", org);
            return Ok(rows.iter().map(unknown).collect());
        }
        Err(error) if may_be_unknown(&error) => return Ok(Vec::new()),
        Err(error) => return Err(Unasked::Failed(error)),
    };
    let known: BTreeSet<&str> =
        templates.iter().flat_map(|template| template.texts.iter().map(String::as_str)).collect();
    let of_rows: BTreeSet<u32> = rows.iter().copied().collect();
    let lacking = plan.items.iter().filter(|item| of_rows.contains(&item.row)).filter_map(|item| {
        let template = item.recipe.expect_template.as_deref()?;
        (!known.contains(template)).then(|| {
            plan.problem(item.row, &Column::Template, ProblemCode::TemplateUnknown)
                .about("template", template)
                .about("org", org)
        })
    });
    Ok(lacking.collect())
}

async fn unknown_owners(cloud: &Arc<dyn Cloud>, plan: &BatchPlan) -> Result<Vec<Problem>, Unasked> {
    let users = match cloud.users(None).await {
        Ok(users) => users,
        Err(error) if may_be_unknown(&error) => return Ok(Vec::new()),
        Err(error) => return Err(Unasked::Failed(error)),
    };
    // An account that may list nobody says nothing about who there is.
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let known: BTreeSet<UserId> = users.iter().map(|user| user.id).collect();
    let owners = rows_by(&plan.items, |item| Some(item.recipe.owner).filter(|owner| owner.0 > 0));
    let unknown = owners.into_iter().filter(|(owner, _)| !known.contains(owner));
    Ok(unknown
        .flat_map(|(owner, rows)| rows.into_iter().map(move |row| (owner, row)))
        .map(|(owner, row)| {
            plan.problem(row, &Column::OwnerId, ProblemCode::OwnerUnknown).about("owner", owner)
        })
        .collect())
}
