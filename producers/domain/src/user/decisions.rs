use std::collections::BTreeSet;

use souk_schemas::{
    Role, UserEvent, UserProfileChanged, UserRegistered, UserRoleGranted, UserRoleRevoked,
    ids::UserId,
};

use super::{
    IMPLICIT_ROLES, Profile, User, UserError,
    commands::{ChangeProfile, RegisterUser},
};
use crate::{context::Context, validation::Checks};

impl User {
    /// Lets a person join.
    pub fn register(
        ctx: &mut Context,
        id: UserId,
        command: RegisterUser,
    ) -> Result<Vec<UserEvent>, UserError> {
        Self::register_with_roles(ctx, id, command, &[])
    }

    /// Lets a person join who may do more than everybody: the first admin, or one taken over from another system.
    pub fn register_with_roles(
        ctx: &mut Context,
        id: UserId,
        command: RegisterUser,
        roles: &[Role],
    ) -> Result<Vec<UserEvent>, UserError> {
        let mut checks = Checks::default();
        let email = checks.email(&command.email);
        let name = checks.person_name(&command.name);
        let age = checks.age(command.age);
        let time_zone = command.time_zone.unwrap_or_else(|| "UTC".to_owned());
        checks.time_zone(&time_zone, "/time_zone");
        let external_id = checks.optional_line(command.external_id.as_deref(), "/external_id", 100);
        checks.finish()?;
        let roles: BTreeSet<_> = IMPLICIT_ROLES.iter().chain(roles).copied().collect();
        let event = UserRegistered {
            meta: ctx.next_meta(id, &Self::default()),
            email,
            name,
            age,
            time_zone,
            roles: roles.into_iter().collect(),
            external_id,
        };
        Ok(vec![event.into()])
    }

    /// Changes what a person says of themselves.
    pub fn change_profile(
        &self,
        ctx: &mut Context,
        command: ChangeProfile,
    ) -> Result<Vec<UserEvent>, UserError> {
        let profile = self.existing()?;
        let mut checks = Checks::default();
        let changed = Profile {
            email: checks.email(command.email.as_ref().unwrap_or(&profile.email)),
            name: checks.person_name(command.name.as_ref().unwrap_or(&profile.name)),
            age: checks.age(command.age.over(profile.age)),
            time_zone: command
                .time_zone
                .unwrap_or_else(|| profile.time_zone.clone()),
            ..profile.clone()
        };
        checks.time_zone(&changed.time_zone, "/time_zone");
        checks.finish()?;
        if changed == *profile {
            return Ok(Vec::new());
        }
        let event = UserProfileChanged {
            meta: ctx.next_meta(profile.id, self),
            email: changed.email,
            name: changed.name,
            age: changed.age,
            time_zone: changed.time_zone,
        };
        Ok(vec![event.into()])
    }

    /// Lets a person do more.
    pub fn grant_role(&self, ctx: &mut Context, role: Role) -> Result<Vec<UserEvent>, UserError> {
        let profile = self.existing()?;
        let mut roles = profile.roles.clone();
        if !roles.insert(role) {
            return Ok(Vec::new());
        }
        let event = UserRoleGranted {
            meta: ctx.next_meta(profile.id, self),
            role,
            roles: roles.into_iter().collect(),
        };
        Ok(vec![event.into()])
    }

    /// Lets a person do less.
    pub fn revoke_role(&self, ctx: &mut Context, role: Role) -> Result<Vec<UserEvent>, UserError> {
        let profile = self.existing()?;
        if IMPLICIT_ROLES.contains(&role) {
            return Err(UserError::ImplicitRole(role));
        }
        let mut roles = profile.roles.clone();
        if !roles.remove(&role) {
            return Ok(Vec::new());
        }
        let event = UserRoleRevoked {
            meta: ctx.next_meta(profile.id, self),
            role,
            roles: roles.into_iter().collect(),
        };
        Ok(vec![event.into()])
    }

    fn existing(&self) -> Result<&Profile, UserError> {
        self.profile().ok_or(UserError::NotFound)
    }
}
