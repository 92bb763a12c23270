-- Letters of which nobody knows whether they arrived: few, and counted for the operator among millions.
CREATE INDEX delivery_uncertain ON delivery (campaign_id) WHERE state = 'uncertain';
