"""The rules that a document is validated by: what the GraphQL specification says, and Strawberry's two."""

from graphql import (
    ASTValidationRule,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    specified_rules,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule


def rules(merging: int) -> tuple[type[ASTValidationRule], ...]:
    """All rules, where graphql-core gives up on merging fields after so many units of work (`Limits.merging`).

    Its own budget is 500,000, which is more than a second.
    """

    class BoundedMergingRule(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = merging

    return (
        *(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule),
        BoundedMergingRule,
        MaybeNullValidationRule,
        OneOfInputValidationRule,
    )
