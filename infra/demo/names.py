"""The invented names, streets and numbers that the demo's residents are made of."""

# ruff: noqa: SIM905  (one name a line would be 270 lines)

# 64 and 81 have no common factor, so counting through both lists gives 5,184 different pairs.
GIVEN = (
    "Adela Amadou Anneke Aurelio Beatriz Bram Calla Casimir Chidi Clio Corin Dalia Davor Delphine Dmitra Eamon "
    "Elowen Emre Esther Fabio Farida Fenna Gideon Greta Hadley Hana Hugo Idris Imani Ingrid Isandro Jovana "
    "José Juno Kaito Kalinda Katya Lazlo Leilani Lorenz Lucía Malik Maren Matteo Mireille Nadia Niall Noor "
    "Odalys Omar Petra Priya Quentin Rafael Rosalind Runa Samir Selma Soren Tamsin Tariq Vesna Yusuf Zoë"
).split()
FAMILY = (
    "Abernoll Adeyanke Alderquist Amberlane Arrowsmere Ashenfeld Baywater Belmarsh Birchwold Bramblecote Brennick "
    "Calderwyn Carrowmore Castellvar Cinderford Cloverhall Coppergate Cranmoor Dallowby Deepwell Drummarch Eastermane "
    "Elderbrook Emberlyn Fairmantle Farthingay Fennimoor Fernleaf Fieldhaven Foxmarrow Galebright Garrowby Glimmond "
    "Goldenrath Granholt Greymantle Halvarsen Harrowgate Hazelmere Hollowell Ibarrola Inglebrook Ironquill Ivermoss "
    "Juniperwood Kestrelman Kilbrannoch Kingsmallow Larkendale Lindquarry Lochmarin Mallowfen Marrowby Merriden "
    "Mistlethorn Moonraker Nakagarde Nettlefold Nightbourne Oakenshaw Okonverre Otterburne Pellworth Pinemarten "
    "Quillander Quintavar Ravensholt Redfernley Rookwarden Saltmarsh Silverbank Stonecrop Summerlee Tallowmere "
    "Thornbury-Vale Umberfield Valdimar Wetherspur Wildegarth Yarrowby Zelenmark"
).split()
STREETS = (
    "Larkspur Lane|Foundry Street|Old Mill Road|Heron Court|Juniper Avenue|Quarry Hill|Sycamore Drive|Lantern Way|"
    "Orchard Row|Tannery Street|Meadowlark Loop|Ferry Road|Copper Street|Windmill Close|Poppy Terrace|Granite Avenue|"
    "Station Parade|Willow Bend|Harvest Street|Signal Hill|Bellflower Court|Mason Alley|Riverside Walk|Fern Gully"
).split("|")
MAIL_DOMAINS = ("postbox.example", "larkmail.example", "tidewater.example")
# 555-0100 to 555-0199 are set aside for fiction in every area code: fifty codes give 5,000 numbers.
AREA_CODES = (
    "209 213 310 323 408 415 424 442 510 530 559 562 619 626 650 657 661 669 707 714 747 760 805 818 831 858 909 916 "
    "925 949 951 503 541 971 458 702 725 775 480 520 602 623 928 206 253 360 425 509 564 208"
).split()
