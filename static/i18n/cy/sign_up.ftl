# Ffurflenni y mae pobl yn dod i mewn drwyddynt.

phone-when = Dim ond os ydych wedi ticio Ffôn y mae ei angen, a dim ond bryd hynny y caiff ei gadw.
post-when = Dim ond os ydych wedi ticio Post y mae ei angen, a dim ond bryd hynny y caiff ei gadw.
problem-first-name-missing = Rhowch eich enw cyntaf
problem-last-name-missing = Rhowch eich cyfenw
problem-company-missing = Rhowch enw eich cwmni
problem-country-missing = Rhowch eich gwlad
sign-up-policy-inside = Sut rydym yn trin eich data: <a href="{ $url }" rel="noreferrer" target="_blank">ein polisi preifatrwydd</a>.

# Cadarnhau.
confirm-details-heading = Yr hyn y byddwn yn ei gadw amdanoch
confirm-details-hint = Fe’i teipiwyd yn y ffurflen; gyda’r botwm, dyma fydd { $brand } yn ei wybod amdanoch. Gan y gellir anfon e-byst ymlaen, dim ond dechrau a diwedd rhif neu gyfeiriad sy’n cael eu dangos.
ended-heading = Nid yw’r ddolen hon yn gwneud dim bellach
ended-lead = Ar ôl ei hanfon, cafodd yr hyn y gofynnwyd amdano ei stopio neu ei dynnu’n ôl, felly nid oes dim i’w gadarnhau. Ni ddechreuwyd dim gyda { $brand }.
ended-moved = Fe’i hanfonwyd i gyfeiriad sydd wedi’i newid ers hynny, felly nid oes modd cadarnhau dim ag ef.
outdated-lead = Ar ôl ei hanfon, dechreuodd { $brand } ofyn i bawb o’r newydd, felly nid yw’r hyn y gofynnwyd amdano cynt yn cyfrif bellach. Ni ddechreuwyd dim.
expired-sign-up = Cofrestru eto
expired-sign-up-hint = Os ydych am glywed gan { $brand } o hyd, byddwn yn anfon dolen newydd.
expired-link = Anfonwch fy nolen ataf
expired-link-hint = Os ydych yn cael rhywbeth gan { $brand } eisoes, byddwn yn anfon dolen atoch i’w weld a’i newid.
