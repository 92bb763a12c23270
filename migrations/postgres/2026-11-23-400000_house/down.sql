DROP INDEX delivery_uncertain;
